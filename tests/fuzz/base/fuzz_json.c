/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from outside: whatever is accepted can be written and read again as the same value, and
 * text that is put into a tree comes out as valid JSON. */
#include "base/check.h"
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void read_again(json_t *root)
{
	char *text = json_dump(root, false);
	json_t *again = NULL;
	struct err err = ERR_INIT;
	CHECK(json_parse(str_from(text), SIZE_MAX, &again, &err) == 0);
	json_release(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	struct err err = ERR_INIT;
	json_t *root = NULL;
	if (json_parse(text, (size_t)1 << 20, &root, &err) == 0) {
		(void)json_str(root, "id");
		(void)json_int(root, "n", 0);
		(void)json_list(root, "list");
		if (json_is_object(root) || json_is_array(root))
			read_again(root);
		json_release(&root);
	}
	AUTO_JSON json_t *built = json_object();
	json_put(built, "outside", text);
	read_again(built);
	return 0;
}
