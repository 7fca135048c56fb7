# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pipeline needs and does not make itself: `read` looks at it, `judge` says what is missing."""
