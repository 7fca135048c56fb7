# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a month costs: quantities, prices, and their products. Pure, but for price_list."""
