"""Counters of the feed, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class FeedMetrics:
    """What the feed counts, in a registry of the caller's.

    Parameters
    ----------
    registry : CollectorRegistry, optional
        Where `/metrics` reads. Without one the feed counts for itself.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        home = registry or CollectorRegistry()
        self.accepted = Counter("portolan_quotes_accepted", "Quotes stored", ["source"], registry=home)
        self.ignored = Counter("portolan_quotes_ignored", "Quotes told before, or simulated beside real ones", ["source"], registry=home)
        self.quarantined = Counter("portolan_quotes_quarantined", "Quotes held back", ["source", "reason"], registry=home)
        self.provider_errors = Counter("portolan_provider_errors", "Requests a provider failed", ["provider", "code"], registry=home)
        self.unpublished = Counter("portolan_batches_unpublished", "Batches stored while Redis was away", registry=home)
        self.seconds = Histogram("portolan_ingest_seconds", "Time from a batch's arrival to its publish", registry=home,
                                 buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0))
        self.jobs = Counter("portolan_job_runs", "Runs of the leader's jobs", ["job", "status"], registry=home)
        self.job_seconds = Histogram("portolan_job_seconds", "Time of a job's run", ["job"], registry=home,
                                     buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0))
        self.leads = Gauge("portolan_poller_leads", "1 while this process polls the market", registry=home)
        self.last_received = Gauge("portolan_last_quote_timestamp_seconds", "When the feed last took a quote", registry=home)
