"""What alerts there should be, by the words of query/SEMANTICS.md ("Confirmation") and prober/ALERTS.md alone.

Works on the stored results of one server after the fact, row by row, and knows nothing of how the prober decides.
"""


class Result:
    """A stored result; times in milliseconds."""

    def __init__(self, time_ms, state, error, interval_ms):
        self.time, self.state, self.error, self.interval = time_ms, state, error, interval_ms


class Incident:
    """[since, end); `end` is None while it lasts."""

    def __init__(self, since, end=None):
        self.since, self.end = since, end

    def __repr__(self):
        return f"{self.since}..{self.end if self.end is not None else ''}"


def words_of(topic, state):
    """What a result says about a topic: "bad", "good", or "nothing"; None where it does not matter to it."""
    if state == "unknown":
        return "nothing"
    if topic == "down":
        return "bad" if state == "down" else "good"
    return {"degraded": "bad", "up": "good"}.get(state)


def incidents(results, topic, failures, successes, timeout_ms):
    """The incidents of a topic in `results`, which are in the order of their times.

    A row of failures is broken by a success, by a result that says nothing, and where nothing held; a row of successes
    only by a failure: not knowing resolves nothing.
    """
    found, open_one, bad_row, good_row, previous = [], None, [], [], None
    for result in results:
        if previous is not None and result.time > previous.time + 2.5 * previous.interval + timeout_ms:
            bad_row = []
        previous = result
        word = words_of(topic, result.state)
        if word == "bad":
            good_row = []
            bad_row.append(result)
            if open_one is None and len(bad_row) >= failures:
                open_one = Incident(bad_row[0].time)
                found.append(open_one)
        elif word == "good":
            bad_row = []
            good_row.append(result)
            if open_one is not None and len(good_row) >= successes:
                open_one.end = good_row[0].time
                open_one, good_row = None, []
            elif open_one is None:
                good_row = []
        elif word == "nothing":
            bad_row = []
    return found


def told(messages):
    """The incidents of one server and topic that messages, in the order of their ids, tell of; and what is wrong with
    the order."""
    found, wrong = [], []
    for message in messages:
        since = message["since_ms"]
        if message["event"] == "resolved":
            if not found or found[-1].end is not None:
                wrong.append(f"message {message['id']} ends what had not begun")
            elif found[-1].since != since:
                wrong.append(f"message {message['id']} ends what began at {since}, not {found[-1].since}")
            else:
                found[-1].end = message["time_ms"]
        elif found and found[-1].end is None:
            wrong.append(f"message {message['id']} begins what lasts already")
        else:
            found.append(Incident(since))
    return found, wrong


def differences(expected, got, excused):
    """What differs between two lists of incidents in the order of time. `excused(time)` says whether something happened
    there (a crash) by which results may have been judged and not stored: then the bounds may differ, and incidents
    that none of the lists can know of may be missing in the other."""
    wrong = []
    for name, mine, others in (("told", got, expected), ("due", expected, got)):
        for one in mine:
            twin = [o for o in others if o.since == one.since and o.end == one.end]
            if len(twin) == 1:
                continue
            near = [o for o in others if o.since <= (one.end or o.since) and one.since <= (o.end or one.since)]
            moments = [one.since] + ([one.end] if one.end is not None else [])
            for other in near:
                moments += [other.since] + ([other.end] if other.end is not None else [])
            if not any(excused(moment) for moment in moments):
                wrong.append(f"{name} {one}, while the other side has {near or 'nothing'}")
    return wrong
