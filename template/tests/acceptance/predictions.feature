Feature: Passengers with a connection learn of a late flight before they leave
  Two hours before departure each flight gets a probability of arriving more than 15 minutes late.
  The tenth of the flights with the highest probability is flagged.

  Rule: A flight is flagged for what is known two hours before its departure

    Scenario: A late evening flight in bad weather is flagged
      When a flight leaves Newark at 20:30 in heavy rain and fog
      Then it is flagged

    Scenario: An early flight in good weather is not flagged
      When a flight leaves Newark at 06:30 under a clear sky
      Then it is not flagged

    Scenario: A flight of an airline that was never seen is predicted all the same
      When a flight of a new airline leaves Newark at 12:00 under a clear sky
      Then it is not flagged
