"""The digits that the page to train in brings along."""
