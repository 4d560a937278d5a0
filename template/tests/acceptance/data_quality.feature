Feature: A model is trained on valid data only
  Sensors break and exports go wrong. A broken row must not reach the model.

  Rule: Broken rows are set aside with the reason, and counted

    Scenario: A broken wind sensor
      Given 200 weather reports, of which 1 has a wind of 1,048 mph
      When the data are checked
      Then 199 weather reports are used
      And 1 weather report is set aside because of its "wind_speed"

  Rule: Too many broken rows stop the run

    Scenario: More than 1 % of the reports are broken
      Given 200 weather reports, of which 3 have a wind of 1,048 mph
      When the data are checked
      Then the run stops and names "weather", "3 of 200 rows" and "wind_speed"
