"""What synthetic records are drawn from: each number published (and where) or invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """What the records are drawn from; shares are of 1, times in hours."""

    # Published (domain.md section 5): time held, mean 11 h 36 in the Nottingham study of eight
    # forces; 21 % charged, 56 % no further action, 14 % out-of-court; adults' wait, HMIC 2015,
    # about 5.5 h on average; a girl share is not published there.
    charged: float = 0.21
    no_further_action: float = 0.56
    out_of_court: float = 0.14
    # Invented so as to meet the published mean: a lognormal stay.
    stay_median: float = 10.3
    stay_sigma: float = 0.5
    # Invented so as to meet the published mean of the wait: a lognormal wait.
    adult_median: float = 3.5
    adult_sigma: float = 0.9
    # Invented: everything below.
    girls: float = 0.2
    ages: tuple[tuple[int, int], ...] = (
        (10, 1), (11, 1), (12, 3), (13, 7), (14, 13), (15, 20), (16, 25), (17, 30),
    )  # fmt: skip
    bail_refused: float = 0.13
    la_asked: float = 0.6
    la_ambiguous: float = 0.12
    la_secure: float = 0.15
    moved: float = 0.06
    certificate: float = 0.7
    certificate_produced: float = 0.8
    review_late: float = 0.06
    review_missed: float = 0.02
    review_remote: float = 0.35
    review_wrong_rank: float = 0.02
    reason_recorded: float = 0.5
    adult_asked_late: float = 0.25
    interviewed_alone: float = 0.01
    searched: float = 0.01
    half_hourly: float = 0.5
    routine: float = 0.94
    own_words: float = 0.6
    # That forms were sent, but not always, nor always about needs, is the seed's; the shares are not.
    referral_sent: float = 0.8
    referral_about_needs: float = 0.5
    # Rights are given again with the adult within half an hour of their coming, but for 1 in 7.
    rights_again_spread: int = 60
    solicitor: float = 0.8  # published: legal advice asked by 80 % (Nottingham study)
    in_cell: float = 0.6
    check_missed: float = 0.01
    hospital: float = 0.03
    link_at_suite: float = 0.6
    # Published for children held overnight in 2019: Black 21.7 %, other minority 15 %; the rest invented.
    ethnicities: tuple[tuple[str, int], ...] = (
        ("white", 59), ("black", 21), ("asian", 7), ("mixed", 6), ("other", 2), ("not_stated", 3),
        ("", 2),
    )  # fmt: skip
    offences: tuple[tuple[str, int], ...] = (
        ("violence", 36), ("theft", 14), ("drugs", 12), ("criminal_damage", 10), ("weapons", 8),
        ("robbery", 7), ("public_order", 5), ("sexual", 4), ("miscellaneous", 2),
        ("non_notifiable", 1), ("", 1),
    )  # fmt: skip
