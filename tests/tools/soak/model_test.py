"""The naive model of alerts on histories whose incidents were found by hand."""

import unittest

import model

STATES = {"u": "up", "g": "degraded", "d": "down", "?": "unknown"}


def history(text, step=1000):
    """A result a second: a letter a result, "." for a check that was not made."""
    return [model.Result(i * step, STATES[c], "", step) for i, c in enumerate(text) if c != "."]


def found(text, topic="down", failures=2, successes=1):
    return [(one.since, one.end) for one in model.incidents(history(text), topic, failures, successes, 500)]


class Incidents(unittest.TestCase):
    def test_begin_with_the_first_of_their_failures(self):
        self.assertEqual(found("uudddu"), [(2000, 5000)])
        self.assertEqual(found("uududu"), [])
        self.assertEqual(found("dd"), [(0, None)])

    def test_a_row_of_failures_ends_where_nothing_held(self):
        # A result of a second's interval holds for 2.5 s and the timeout of 0.5 s.
        self.assertEqual(found("ud..d"), [(1000, None)])
        self.assertEqual(found("ud...d"), [])
        self.assertEqual(found("ud?d"), [])
        self.assertEqual(found("udd?u"), [(1000, 4000)])
        self.assertEqual(found("udd....d"), [(1000, None)])

    def test_a_row_of_successes_does_not(self):
        self.assertEqual(found("ddu?ud", successes=2), [(0, 2000)])
        self.assertEqual(found("ddududuu", successes=2), [(0, 6000)])

    def test_degraded_is_a_topic_of_its_own_of_which_failures_say_nothing(self):
        self.assertEqual(found("ugggu", "degraded"), [(1000, 4000)])
        self.assertEqual(found("ugdgu", "degraded"), [(1000, 4000)])
        self.assertEqual(found("udgdu", "degraded"), [])
        self.assertEqual(found("ug?gu", "degraded"), [])
        self.assertEqual(found("ug..dg", "degraded"), [(1000, None)])
        self.assertEqual(found("ug...dg", "degraded"), [])
        self.assertEqual(found("uggddu", "degraded"), [(1000, 5000)])
        self.assertEqual(found("uggddu"), [(3000, 5000)])


class Told(unittest.TestCase):
    @staticmethod
    def message(number, event, since, time=0):
        return {"id": number, "event": event, "since_ms": since, "time_ms": time}

    def test_pairs_are_incidents(self):
        pair = [self.message(1, "down", 5), self.message(2, "resolved", 5, 9), self.message(3, "down", 20)]
        incidents, wrong = model.told(pair)
        self.assertEqual([(one.since, one.end) for one in incidents], [(5, 9), (20, None)])
        self.assertEqual(wrong, [])

    def test_what_makes_no_sense_is_said(self):
        for messages in ([self.message(1, "resolved", 5)], [self.message(1, "down", 5), self.message(2, "down", 6)],
                         [self.message(1, "down", 5), self.message(2, "resolved", 6)]):
            self.assertEqual(len(model.told(messages)[1]), 1)


class Differences(unittest.TestCase):
    def test_are_found_on_both_sides_and_excused_only_near_a_crash(self):
        due = [model.Incident(1000, 5000), model.Incident(9000, 9500)]
        self.assertEqual(model.differences(due, [model.Incident(1000, 5000), model.Incident(9000, 9500)], bool), [])
        self.assertEqual(len(model.differences(due, due[:1], lambda _: False)), 1)
        self.assertEqual(len(model.differences(due[:1], due, lambda _: False)), 1)
        late = [model.Incident(2000, 5000), due[1]]
        self.assertEqual(len(model.differences(due, late, lambda _: False)), 2)
        self.assertEqual(model.differences(due, late, lambda moment: moment == 2000), [])


if __name__ == "__main__":
    unittest.main()
