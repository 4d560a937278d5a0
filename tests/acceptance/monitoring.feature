Feature: What goes wrong in use is told, with what to do
  A model raises no error when it gets worse. Whoever looks after it is told on which day it began.

  Background:
    Given the service has answered for five weeks, for flights that the model was judged on

  Rule: As long as nothing is wrong, nobody is disturbed

    Scenario: A service in which all is well
      When nothing is changed
      Then nobody is told anything

  Rule: What is wrong is told by its name

    Scenario Outline: In use, <what>
      When <what>
      Then somebody is told of "<finding>" and what to do

      Examples:
        | what                                      | finding |
        | answers take three seconds                | slow    |
        | the humidity is not measured any more     | nulls   |
        | the humidity stays the same               | same    |
        | a new airline has a third of the flights  | unseen  |
        | the predictions say the opposite          | quality |
        | the model is older than models should be  | age     |
