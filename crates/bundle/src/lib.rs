//! Provisioning resources as data: the wire format between host and agent.
