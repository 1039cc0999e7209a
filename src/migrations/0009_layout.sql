-- A layout never changes once it was made: seats were sold by it, tickets name its rows, every cache keeps it.
CREATE TRIGGER sections_append_only BEFORE UPDATE OR DELETE ON sections
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seats_append_only BEFORE UPDATE OR DELETE ON seats
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
