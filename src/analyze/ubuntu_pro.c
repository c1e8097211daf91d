/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ubuntu Pro's state, var/lib/ubuntu-advantage/status.json: {"attached": true, "services":
 * [{"name": "esm-infra", "status": "enabled"}, …]}. A release that is attached gets fixes others do
 * not. Each service that is enabled becomes a fact "pro-service".
 */
#include "analyze/analyzer.h"
#include "base/json.h"
#include "base/limits.h"

int analyze_ubuntu_pro(struct str text, struct analyze_sink *sink, struct err *err)
{
	AUTO_JSON json_t *root = NULL;
	if (json_values_at_most(text) > LIMIT_DOCUMENT_VALUES)
		return err_set(err, E2BIG, "it has too many values");
	int r = json_parse(text, LIMIT_CONFIG_BYTES, &root, err);
	if (r < 0)
		return err_trace(err, r);
	const json_t *services = json_list(root, "services");
	if (!json_is_true(json_object_get(root, "attached")))
		return 0;
	for (size_t i = 0; i < json_array_size(services) && r == 0; i++) {
		const json_t *service = json_array_get(services, i);
		struct str name = json_str(service, "name");
		if (str_eq(json_str(service, "status"), STR("enabled")) && analyze_is_word(name))
			r = analyze_add_fact(sink, STR("pro-service"), name, err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}
