/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of Hex packages (Elixir, Erlang, Gleam): Semantic Versioning 2.0.0 to the letter, three
 * numbers without leading zeros, no "v". The reference is Elixir's module Version: what it refuses
 * is refused here, because Hex publishes nothing else. Order: see semver.c; build metadata does not
 * count.
 */
#include "version/semver.h"

static bool has_leading_zero(struct str number)
{
	return number.n > 1 && *number.p == '0';
}

bool version_hex_valid(struct str version)
{
	struct semver parts;
	if (!semver_split(version, &parts) || parts.count != 3)
		return false;
	for (size_t i = 0; i < parts.count; i++)
		if (has_leading_zero(parts.numbers[i]))
			return false;
	struct str rest = parts.pre;
	struct str identifier;
	while (rest.n && str_cut(&rest, '.', &identifier)) {
		struct str behind = identifier;
		version_take(&behind, version_is_digit);
		if (!behind.n && has_leading_zero(identifier))
			return false;
	}
	return true;
}

int version_hex_compare(struct str a, struct str b)
{
	struct semver pa;
	struct semver pb;
	if (!semver_split(a, &pa) || !semver_split(b, &pb))
		return 0;
	int order = semver_compare_numbers(&pa, &pb);
	return order ? order : semver_compare_pre(pa.pre, pb.pre, false);
}
