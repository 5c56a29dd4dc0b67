"""How far a worker claims ahead."""

from jobs.engine.worker.credit import Credit


def started(credit, number, seconds):
    for _ in range(number):
        credit.count_start()
    credit._since -= seconds
    return credit.adjust(credit._since + seconds)


def test_long_jobs_are_claimed_one_by_one():
    credit = Credit(slots=2, ahead=1)
    assert credit.window == 2
    assert started(credit, 1, 10) == 2


def test_short_jobs_are_claimed_ahead_by_what_begins_in_a_quarter_of_a_second():
    credit = Credit(slots=2, ahead=1)
    for _ in range(5):
        window = started(credit, 800, 1)
    assert window == 200


def test_it_grows_fourfold_at_most_and_never_past_its_bound():
    credit = Credit(slots=2, ahead=1)
    windows = [started(credit, 100_000, 1) for _ in range(6)]
    assert windows == [8, 32, 128, 512, 512, 512]


def test_it_shrinks_when_two_measures_say_so_and_not_for_one_busy_moment():
    credit = Credit(slots=2, ahead=1)
    for _ in range(5):
        started(credit, 100_000, 1)
    assert [started(credit, number, 1) for number in (2, 100_000, 2, 2)] == [512, 512, 512, 2]


def test_a_moment_too_short_to_measure_changes_nothing():
    credit = Credit(slots=2, ahead=1)
    assert started(credit, 50, 0.01) == 2


def test_claims_within_twice_the_window_are_kept_unless_jobs_are_long():
    credit = Credit(slots=2, ahead=1)
    assert credit.bound == 2
    started(credit, 100_000, 1)
    assert (credit.window, credit.bound) == (8, 16)
