# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of GITHUB_OPTIONS in module_utils/github/options.py."""


class ModuleDocFragment:
    """How Ansible finds it."""

    DOCUMENTATION = r"""
options:
  repository:
    description:
      - The repository, C(OWNER/NAME).
    type: str
    required: true
  token:
    description:
      - A token for GitHub. Keep it in a vault or in the environment, not in a playbook.
      - If not set, the environment variable E(GITHUB_TOKEN) is used.
    type: str
  api_url:
    description:
      - Where GitHub's REST API is. GitHub Enterprise Server has it at C(https://HOST/api/v3).
      - If not set, the environment variable E(GITHUB_API_URL) is used, and then V(https://api.github.com).
    type: str
    default: https://api.github.com
requirements:
  - PyGithub >= 2.8
"""
