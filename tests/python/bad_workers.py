"""Workers for test_demo.py that do their job badly."""

from demo import job, ours


def fail_on_second_batch(tasks) -> None:
    """Fails while the main interpreter feeds files."""
    for _, files_in, _, _ in tasks:
        for number, _ in enumerate(files_in):
            1 // (1 - number)


def lose_a_name(tasks) -> None:
    """Counts as asked, but loses one of the uses of `shared` in each batch."""
    count_in = job.count_in

    def count_less(sources, table):
        files, token_count, uses = count_in(sources, table)
        if table["shared"] in uses:
            uses[table["shared"]] -= 1
        return files, token_count, uses

    job.count_in = count_less
    ours.work(tasks)
