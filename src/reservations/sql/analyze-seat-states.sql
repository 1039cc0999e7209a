-- As the catalogue does with its seats: a plan that a connection kept from when the table was small reads all of it.
ANALYZE seat_states
