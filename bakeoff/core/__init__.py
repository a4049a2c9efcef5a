"""The words of the house: types, protocols, specs, answer extraction, errors. No I/O."""
