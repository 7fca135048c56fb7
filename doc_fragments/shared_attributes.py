# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What check mode and diff mode are for most modules. One that differs in a word says that one itself."""


class ModuleDocFragment:
    """How Ansible finds them."""

    # Of modules that bring something into a state.
    RECONCILES = r"""
options: {}
attributes:
  check_mode:
    description: Reports what would change, and returns what would be there.
    support: full
  diff_mode:
    description: Returns what changes, before and after.
    support: full
"""

    # Of modules that change nothing.
    READS = r"""
options: {}
attributes:
  check_mode:
    description: Changes nothing, and so does the same in check mode.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

    # Of modules that change something of which there is no text to compare.
    ACTS = r"""
options: {}
attributes:
  check_mode:
    description: Reports what would change.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""
