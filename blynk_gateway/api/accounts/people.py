"""Everybody who may use the dashboard, in one piece for `Services`."""

from typing import NamedTuple

from blynk_gateway.api.accounts.sessions import Sessions
from blynk_gateway.api.accounts.setup import Setup
from blynk_gateway.api.accounts.shares import Shares
from blynk_gateway.api.accounts.users import Users
from blynk_gateway.core.accounts import Accounts
from blynk_gateway.core.clock import Clock


class People(NamedTuple):
    """Users, their sessions, visitors, and the way in for the first one."""

    users: Users
    sessions: Sessions
    shares: Shares
    setup: Setup

    @classmethod
    def kept_in(cls, table: Accounts, clock: Clock) -> "People":
        """Those that a table holds, read when they are first asked for."""
        sessions = Sessions(table, clock)
        return cls(Users(table, sessions, clock), sessions, Shares(table, sessions, clock), Setup())
