//! Jira and Brevo emulated on loopback ports: seeded, strict, with faults on demand.
