Feature: Trying something else takes seconds
  What a change does not touch is not done again.

  Rule: A changed setting reruns only what depends on it

    Scenario Outline: <what> is changed
      Given a pipeline that has run
      When "<setting>" is changed to "<value>"
      Then the steps that run again are "<steps>"

      Examples:
        | what             | setting                   | value      | steps                                     |
        | the model's size | model.trees               | 20         | train, evaluate                           |
        | what is reported | evaluation.smallest_slice | 500        | evaluate                                  |
        | the tolerance    | data.tolerated            | 0.05       | validate                                  |
        | the test period  | split.test_from           | 2013-08-01 | train, evaluate                           |
