-- Looks at the duties of candidates read everything but the periods that went well, which are most of the events.
CREATE INDEX rank_events_duties ON rank_events (seq) WHERE kind <> 'good';
