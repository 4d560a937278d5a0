Feature: Other programs ask for the probability of a flight
  They get the answer of the model that was judged, and learn what is wrong with what they ask.

  Rule: A flight is predicted in use as it was when the model was judged

    Scenario: A flight that is asked for alone gets the same probability
      When a flight is asked for that the model was judged on
      Then it gets the probability that it got among all the others

    Scenario: An answer can be followed step by step
      When a flight is asked for that the model was judged on
      Then what the model was asked with is in the log, and gives that probability again

  Rule: What can be answered is answered, and what is missing is named

    Scenario: An airline that was never seen is answered and named
      When a flight of a new airline is asked for
      Then it gets a probability, and "carrier" is named as never seen

    Scenario: A flight without an airport of departure is refused
      When a flight without an airport of departure is asked for
      Then it is refused because "origin is missing"
