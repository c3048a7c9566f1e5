"""Many cases into one folder: kept apart from each other, journalled, resumed."""
