"""From the call to the numbered case: nothing acknowledged is lost, nothing is taken twice."""
