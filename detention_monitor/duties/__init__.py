"""From openings and closings to the state of a duty: arithmetic, and nothing inferred.

Every back-end hands over the same conclusions; what they amount to at an instant is worked out
here, to the second. A deadline itself is in time: late is `done > due` (design D4). `acts` says what
was done, `steps` when it is due, `duty` puts both together, `standing` says how it stands, `certainty`
how sure that is, and `found` what is told of it.
"""
