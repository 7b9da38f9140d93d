"""The section `webhooks`: requests to other servers, as options and as schema."""
