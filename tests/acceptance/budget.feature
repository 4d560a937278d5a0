Feature: A spent error budget stops feature work
  What users can rely on is agreed beforehand. What is left of a hundred is a budget for what goes
  wrong: while there is some, features come first, and when it is spent, the service does.

  Background:
    Given it is agreed that 99 % of the answers are good in 28 days
    And there are 1,000 answers a day

  Rule: While there is budget left, everything may be merged

    Scenario: Less went wrong than was agreed
      When 200 answers were bad 3 days ago
      Then a new feature may be merged
      And 29 % of the budget is left

    Scenario: Nothing has been served yet
      When nobody has asked for anything
      Then a new feature may be merged

  Rule: When it is spent, only what makes the service better may be merged

    Scenario Outline: More went wrong than was agreed
      When 300 answers were bad 3 days ago
      Then <change> <may or may not> be merged
      And work is stopped because of the answers, since 3 days ago

      Examples:
        | change         | may or may not |
        | a new feature  | may not        |
        | a fix          | may            |
        | a security fix | may            |
        | a revert       | may            |

  Rule: It ends when the objective is met again, and nobody has to decide that

    Scenario: The bad day is in the window still
      When 300 answers were bad 27 days ago
      Then a new feature may not be merged

    Scenario: The bad day has left the window
      When 300 answers were bad 28 days ago
      Then a new feature may be merged

    Scenario: Monitoring has stopped
      When 300 answers were bad 3 days ago
      But there is nothing new for 60 days
      Then a new feature may not be merged

  Rule: A waiver with a date and a name lifts it for a while

    Scenario Outline: Somebody answers for going on
      When 300 answers were bad 3 days ago
      But Ada has signed that work goes on until <day>
      Then a new feature <may or may not> be merged
      And everybody sees that Ada signed

      Examples:
        | day       | may or may not |
        | tomorrow  | may            |
        | yesterday | may not        |
