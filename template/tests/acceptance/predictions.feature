Feature: Passengers with a connection learn of a late flight before departure
  Two hours before departure each flight gets a probability of arriving more than 15 minutes late.
  The tenth of the flights with the highest probabilities is flagged.

  Rule: Flags depend only on what is known two hours before departure

    Scenario: A late evening flight in bad weather is flagged
      When a flight leaves Newark at 20:30 in heavy rain and fog
      Then it is flagged

    Scenario: An early flight in good weather is not flagged
      When a flight leaves Newark at 06:30 under a clear sky
      Then it is not flagged

    Scenario: A flight of a new airline is predicted, too
      When a flight of a new airline leaves Newark at 12:00 under a clear sky
      Then it is not flagged
