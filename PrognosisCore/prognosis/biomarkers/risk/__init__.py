"""From chosen features to a patient's probabilities: the model, how it is fitted, stored and used."""
