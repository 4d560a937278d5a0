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
