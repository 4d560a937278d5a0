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

  Rule: A rollback goes back to what ran before, and never to what was gone back from

    Scenario: Two versions in a row are bad
      Given versions 1.0.0, 1.1.0 and 1.2.0 ran in production, in this order
      When production goes back twice
      Then version 1.0.0 runs in production

  Rule: A sandbox is one's own

    Scenario: Two people have two sandboxes
      Given the sandbox of anna@example.com on the branch main
      When ben@example.com works on the branch main
      Then he has another sandbox
