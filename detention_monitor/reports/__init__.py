"""The products of oversight: statistics, trends, the daily brief, and what is made of one record.

Each is a pure function of assessments, told on a page that stands alone; each prints how it was made.
"""
