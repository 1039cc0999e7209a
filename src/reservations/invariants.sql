-- INV, what must hold at any instant, whatever broke before. One row for each violation, none when all is well.
-- Run in one statement, so in one snapshot. A hold may lie past its deadline for graceSeconds, the time within
-- which a sweeper is expected to come.

-- I1 No seat stands in two live reservations.
SELECT 'I1 one live reservation a seat' AS invariant,
  rs.performance_id || '/' || rs.ordinal AS subject, count(*) || ' live reservations' AS detail
FROM reservation_seats rs JOIN reservations r ON r.id = rs.reservation_id
WHERE r.status IN ('HELD', 'PAYING', 'CONFIRMED')
GROUP BY rs.performance_id, rs.ordinal
HAVING count(*) > 1

UNION ALL
-- I2 A seat that is HELD or OCCUPIED belongs to the reservation it names, which is in the matching state.
SELECT 'I2 a taken seat has its reservation', s.performance_id || '/' || s.ordinal,
  s.status || ' by ' || s.reservation_id || ', which is ' || coalesce(r.status, 'missing') ||
    CASE WHEN rs.ordinal IS NULL THEN ' and does not list it' ELSE '' END
FROM seat_states s
  LEFT JOIN reservations r ON r.id = s.reservation_id
  LEFT JOIN reservation_seats rs
    ON rs.reservation_id = s.reservation_id AND rs.ordinal = s.ordinal AND rs.released_at IS NULL
WHERE s.status IN ('HELD', 'OCCUPIED')
  AND NOT coalesce(rs.ordinal IS NOT NULL AND r.performance_id = s.performance_id AND
    CASE s.status WHEN 'HELD' THEN r.status IN ('HELD', 'PAYING') ELSE r.status = 'CONFIRMED' END, false)

UNION ALL
-- I3 A live reservation has all its seats, in the matching state; an ended one has none.
SELECT 'I3 a reservation has its seats', r.id::text,
  r.status || ' with seat ' || rs.ordinal || ' ' ||
    CASE WHEN rs.released_at IS NULL THEN 'not released' ELSE 'released' END || ' and ' || coalesce(s.status, 'missing')
FROM reservations r
  JOIN reservation_seats rs ON rs.reservation_id = r.id
  LEFT JOIN seat_states s ON s.performance_id = rs.performance_id AND s.ordinal = rs.ordinal
WHERE CASE
  WHEN r.status IN ('HELD', 'PAYING')
    THEN NOT coalesce(rs.released_at IS NULL AND s.status = 'HELD' AND s.reservation_id = r.id, false)
  WHEN r.status = 'CONFIRMED'
    THEN NOT coalesce(rs.released_at IS NULL AND s.status = 'OCCUPIED' AND s.reservation_id = r.id, false)
  ELSE rs.released_at IS NULL OR s.reservation_id = r.id END

UNION ALL
SELECT 'I3 a reservation has its seats', r.id::text, r.status || ' without a seat'
FROM reservations r
WHERE NOT EXISTS (SELECT FROM reservation_seats rs WHERE rs.reservation_id = r.id)

UNION ALL
-- I4 No hold outlives its deadline by more than the sweeper's period.
SELECT 'I4 no hold past its deadline', r.id::text, 'due at ' || r.expires_at
FROM reservations r
WHERE r.status = 'HELD' AND r.expires_at < clock_timestamp() - make_interval(secs => :graceSeconds::int)

UNION ALL
-- I5 Every seat of a performance has one state.
SELECT 'I5 states add up to the seats', p.id::text, p.seat_count || ' seats, ' || count(s.ordinal) || ' states'
FROM performances p LEFT JOIN seat_states s ON s.performance_id = p.id
GROUP BY p.id
HAVING count(s.ordinal) <> p.seat_count

UNION ALL
-- I6 The history of a seat is complete: each transition begins where the one before ended, versions rise by one,
-- and the last one made the present state.
SELECT 'I6 every seat transition is written down', h.performance_id || '/' || h.ordinal,
  'version ' || h.version || ' from ' || h.from_status || ' after version ' || h.last_version || ' to ' || h.last_status
FROM (
  SELECT performance_id, ordinal, version, from_status,
    lag(version, 1, 0) OVER w AS last_version, lag(to_status, 1, 'AVAILABLE') OVER w AS last_status
  FROM seat_history WINDOW w AS (PARTITION BY performance_id, ordinal ORDER BY version)
) AS h
WHERE h.version <> h.last_version + 1 OR h.from_status <> h.last_status

UNION ALL
SELECT 'I6 every seat transition is written down', s.performance_id || '/' || s.ordinal,
  s.status || ' at version ' || s.version || ', history ends with ' || coalesce(h.to_status || ' at ' || h.version, 'nothing')
FROM seat_states s
  LEFT JOIN LATERAL (
    SELECT h.version, h.to_status FROM seat_history h
    WHERE h.performance_id = s.performance_id AND h.ordinal = s.ordinal
    ORDER BY h.version DESC LIMIT 1
  ) AS h ON true
WHERE s.version <> coalesce(h.version, 0) OR s.status <> coalesce(h.to_status, 'AVAILABLE')

UNION ALL
-- I7 A seat moves only along AVAILABLE, HELD, OCCUPIED and back, or between AVAILABLE and BLOCKED.
SELECT 'I7 seats move as documented', performance_id || '/' || ordinal, from_status || ' to ' || to_status
FROM seat_history
WHERE (from_status, to_status) NOT IN (('AVAILABLE', 'HELD'), ('HELD', 'OCCUPIED'), ('HELD', 'AVAILABLE'),
  ('OCCUPIED', 'AVAILABLE'), ('AVAILABLE', 'BLOCKED'), ('BLOCKED', 'AVAILABLE'))

UNION ALL
-- I8 The same for reservations.
SELECT 'I8 every reservation transition is written down', h.reservation_id::text,
  'version ' || h.version || ' from ' || coalesce(h.from_status, 'nothing') || ' after version ' || h.last_version ||
    ' to ' || coalesce(h.last_status, 'nothing')
FROM (
  SELECT reservation_id, version, from_status,
    lag(version, 1, 0) OVER w AS last_version, lag(to_status) OVER w AS last_status
  FROM reservation_history WINDOW w AS (PARTITION BY reservation_id ORDER BY version)
) AS h
WHERE h.version <> h.last_version + 1 OR h.from_status IS DISTINCT FROM h.last_status

UNION ALL
SELECT 'I8 every reservation transition is written down', r.id::text,
  r.status || ' at version ' || r.version || ', history ends with ' || coalesce(h.to_status || ' at ' || h.version, 'nothing')
FROM reservations r
  LEFT JOIN reservation_history h ON h.reservation_id = r.id AND h.version = r.version
WHERE h.to_status IS DISTINCT FROM r.status
  OR EXISTS (SELECT FROM reservation_history n WHERE n.reservation_id = r.id AND n.version > r.version)

UNION ALL
-- I9 A reservation moves only as documented.
SELECT 'I9 reservations move as documented', reservation_id::text, coalesce(from_status, 'nothing') || ' to ' || to_status
FROM reservation_history
WHERE (coalesce(from_status, ''), to_status) NOT IN (('', 'HELD'), ('HELD', 'PAYING'), ('HELD', 'EXPIRED'),
  ('HELD', 'CANCELLED'), ('PAYING', 'CONFIRMED'), ('PAYING', 'HELD'), ('PAYING', 'EXPIRED'), ('EXPIRED', 'PAID_LATE'),
  ('CANCELLED', 'PAID_LATE'), ('PAID_LATE', 'CONFIRMED'), ('PAID_LATE', 'REFUNDING'), ('CONFIRMED', 'REFUNDING'),
  ('REFUNDING', 'REFUNDED'))

UNION ALL
-- I10 PAYING means one undecided payment, and an undecided payment means PAYING.
SELECT 'I10 paying is an undecided payment', r.id::text, r.status || ' with ' || count(p.id) || ' undecided payments'
FROM reservations r LEFT JOIN payments p ON p.reservation_id = r.id AND p.status = 'pending'
GROUP BY r.id, r.status
HAVING count(p.id) <> (r.status = 'PAYING')::int

UNION ALL
-- I11 Money and seats agree: a CONFIRMED reservation has exactly one payment that was not given back, of the right
-- amount; any other has none.
SELECT 'I11 money agrees with the seats', r.id::text,
  r.status || ', ' || count(p.id) || ' payments kept, ' || coalesce(sum(p.amount), 0) || ' of ' || r.total_amount
FROM reservations r
  LEFT JOIN payments p ON p.reservation_id = r.id AND p.status = 'succeeded'
    AND NOT EXISTS (SELECT FROM refunds f WHERE f.payment_id = p.id)
GROUP BY r.id, r.status, r.total_amount
HAVING count(p.id) <> (r.status = 'CONFIRMED')::int
  OR (r.status = 'CONFIRMED' AND sum(p.amount) <> r.total_amount)

UNION ALL
-- I12 A refund is of a payment that succeeded, of its amount, and its reservation says so.
SELECT 'I12 refunds match their payments', f.id::text,
  f.status || ' of ' || f.amount || ', payment ' || p.status || ' of ' || p.amount || ', reservation ' || r.status
FROM refunds f JOIN payments p ON p.id = f.payment_id JOIN reservations r ON r.id = f.reservation_id
WHERE f.amount <> p.amount OR p.status <> 'succeeded' OR p.reservation_id <> f.reservation_id
  OR (f.ends_reservation AND r.status <> CASE f.status WHEN 'pending' THEN 'REFUNDING' ELSE 'REFUNDED' END)

UNION ALL
SELECT 'I12 refunds match their payments', r.id::text, r.status || ' with ' || count(f.id) || ' refunds that end it'
FROM reservations r LEFT JOIN refunds f ON f.reservation_id = r.id AND f.ends_reservation
GROUP BY r.id, r.status
HAVING count(f.id) <> (r.status IN ('REFUNDING', 'REFUNDED'))::int

UNION ALL
-- I13 A good ticket for each seat of a CONFIRMED reservation, and no other.
SELECT 'I13 a ticket a paid seat', r.id::text, r.status || ', seat ' || rs.ordinal || ', ' || count(t.id) || ' good tickets'
FROM reservations r
  JOIN reservation_seats rs ON rs.reservation_id = r.id
  LEFT JOIN tickets t ON t.reservation_id = r.id AND t.ordinal = rs.ordinal AND t.voided_at IS NULL
GROUP BY r.id, r.status, rs.ordinal
HAVING count(t.id) <> (r.status = 'CONFIRMED')::int

UNION ALL
-- I14 What a reservation costs is what its seats cost.
SELECT 'I14 totals add up', r.id::text, r.total_amount || ', seats ' || sum(rs.amount)
FROM reservations r JOIN reservation_seats rs ON rs.reservation_id = r.id
GROUP BY r.id, r.total_amount
HAVING sum(rs.amount) <> r.total_amount

UNION ALL
-- I15 No fan has more seats than one fan may have. A lapsed hold does not count.
SELECT 'I15 the cap a fan', r.user_id || ' in ' || r.performance_id, count(*) || ' seats of ' || p.max_seats_per_fan
FROM reservations r
  JOIN reservation_seats rs ON rs.reservation_id = r.id AND rs.released_at IS NULL
  JOIN performances p ON p.id = r.performance_id
WHERE r.status IN ('PAYING', 'CONFIRMED') OR (r.status = 'HELD' AND r.expires_at > clock_timestamp())
GROUP BY r.user_id, r.performance_id, p.max_seats_per_fan
HAVING count(*) > p.max_seats_per_fan

UNION ALL
-- I16 A hold lives no longer than its performance allows, extension included.
SELECT 'I16 holds have an absolute end', r.id::text, 'created ' || r.created_at || ', ends ' || r.expires_at
FROM reservations r JOIN performances p ON p.id = r.performance_id
WHERE r.expires_at > r.created_at + 2 * make_interval(secs => p.hold_seconds)
  OR (r.extended_until IS NOT NULL AND r.expires_at <> r.extended_until)
