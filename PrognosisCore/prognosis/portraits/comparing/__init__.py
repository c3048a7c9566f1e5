"""How alike faces are: by features of networks, of one face and of many."""
