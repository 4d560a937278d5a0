Feature: A model that is not good enough goes nowhere
  What is good enough is agreed beforehand, as a floor for the whole and for each group of flights.

  Rule: A model below its floor is refused, with the reason

    Scenario: The model is too weak
      Given a floor of 0.95 for the AUC
      When the model is evaluated
      Then it is refused because its AUC on all rows is below 0.95
      And its report shows the refusal

    Scenario: The model is good enough
      Given a floor of 0.55 for the AUC
      When the model is evaluated
      Then it is accepted

  Rule: A candidate takes the champion's place when it is better by more than chance

    Scenario Outline: The candidate is <what>
      Given a champion that is wrong for 300 of 1,000 flights
      When a candidate is judged that is wrong for <wrong> of them
      Then the <which> is in use

      Examples:
        | what        | wrong | which     |
        | better      | 200   | candidate |
        | hardly so   | 299   | champion  |
        | worse       | 400   | champion  |

  Rule: It may not be worse for any group of flights that matters

    Scenario: The candidate is better on the whole, and fails one airline
      Given a champion that is wrong for 300 of 1,000 flights
      When a candidate is judged that is wrong for 100 of them and for all flights of UA
      Then the champion is in use
