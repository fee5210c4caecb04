"""Raw values to the API's texts, one kind of value a file."""
