Feature: Trying things out is safe, and what runs in production is known
  Nobody reaches production by accident, and each version there can be had and built again.

  Rule: Production is reached from CI, at the commit of a version

    Scenario Outline: A version is put into production <how>
      Given somebody who works <how>
      When they put version 1.2.0 into production
      Then the verdict is "<verdict>"

      Examples:
        | how                               | verdict                         |
        | in CI at version 1.2.0            | yes                             |
        | at a laptop at version 1.2.0      | reached from CI only            |
        | in CI at another commit           | check out that tag              |
        | in CI at version 1.2.0 with edits | have changed since the commit   |

  Rule: A version is of code, data and model together, and others can get all of it

    Scenario Outline: A release of a project in which <what>
      Given a project in which <what>
      When version 1.2.0 is released after 1.1.0
      Then the verdict is "<verdict>"

      Examples:
        | what                              | verdict                         |
        | all is in order                   | yes                             |
        | a file was edited                 | commit it, or take it back      |
        | the model is not the newest       | not as the last run left it     |
        | the model misses a gate           | AUC is below its floor          |
        | the model in use is another       | the champion is another model   |
        | the data were not shared          | nobody else can get             |
        | the commit was not shared         | does not have this commit       |

  Rule: A version has one number, and numbers go up

    Scenario Outline: Version <version> is released after 1.1.0
      Given a project in which all is in order
      When version <version> is released after 1.1.0
      Then the verdict is "<verdict>"

      Examples:
        | version | verdict                                |
        | 1.1.0   | version 1.1.0 exists                   |
        | 1.0.9   | comes before 1.1.0                     |
        | 2.0.0   | yes                                    |

  Rule: A rollback goes back to what ran before, and never to what was gone back from

    Scenario: Two versions in a row are bad
      Given versions 1.0.0, 1.1.0 and 1.2.0 ran in production, in this order
      When production goes back twice
      Then version 1.0.0 runs in production

  Rule: A sandbox is one's own, and has limits

    Scenario: Two people have two sandboxes
      Given the sandbox of anna@example.com on the branch main
      When ben@example.com works on the branch main
      Then he has another sandbox

    Scenario: A budget that is nearly used up makes a run shorter
      Given a sandbox with a budget of 5.00, of which 4.90 are spent, on a machine of 1.20 an hour
      When a run is begun
      Then it is stopped after 5 minutes

    Scenario: A budget that is used up
      Given a sandbox with a budget of 5.00, of which 5.00 are spent, on a machine of 1.20 an hour
      When a run is begun
      Then the verdict is "used up"
