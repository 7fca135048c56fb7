# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The known faults of a host: `read` looks at it, `judge` says what is wrong there and what repairs it."""
