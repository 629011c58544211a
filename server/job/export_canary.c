/* Names and texts of rows that stand for nobody: believable, and each of one export alone. */
#include "server/job/export.h"

#include <string.h>

#define CANARY_EVERY	    150 /* rows at first, twice as many after each six of them */
#define CANARY_OF_A_DENSITY 6

int64_t
canary_after(int64_t at, size_t made)
{
	return at + ((int64_t)CANARY_EVERY << (made / CANARY_OF_A_DENSITY));
}

static uint64_t
canary_below(struct canary *canary, uint64_t limit)
{
	canary->seed =
	    canary->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (canary->seed >> 33) % limit;
}

#define CANARY_PICK(canary, list)                                                              \
	(list)[canary_below((canary), sizeof(list) / sizeof((list)[0]))]

const char *
canary_name(struct canary *canary, struct arena *arena, bool person)
{
	static const char *const places[] = { "上海", "苏州", "无锡", "杭州", "宁波", "南京",
		"常州", "嘉兴", "南通", "绍兴", "合肥", "青岛" };
	static const char *const signs[] = { "瑞", "恒", "泽", "诚", "捷", "禾", "远", "铭",
		"盛", "昊", "启", "沃", "宸", "朗", "拓", "裕", "嘉", "锐", "博", "源", "辰",
		"翰", "景", "卓" };
	static const char *const trades[] = { "机电", "电子", "包装", "精密机械", "仪表",
		"自动化", "新材料", "商贸", "五金", "信息技术", "物流", "环保科技" };
	static const char *const surnames[] = { "陈", "沈", "陆", "顾", "徐", "钱", "吴", "周",
		"朱", "潘", "蒋", "曹", "施", "严", "邵", "俞" };
	static const char *const given[] = { "晓", "文", "志", "建", "雅", "思", "子", "明",
		"佳", "宇", "欣", "国", "海", "丽", "俊", "涵", "岚", "毅", "泓", "蕾" };

	if (person)
		return arena_printf(arena, "%s%s%s", CANARY_PICK(canary, surnames),
		    CANARY_PICK(canary, given), CANARY_PICK(canary, given));
	return arena_printf(arena, "%s%s%s%s%s有限公司", CANARY_PICK(canary, places),
	    CANARY_PICK(canary, signs), CANARY_PICK(canary, signs), CANARY_PICK(canary, signs),
	    CANARY_PICK(canary, trades));
}

const char *
canary_text(struct canary *canary, struct arena *arena, const char *text, bool mail)
{
	char *copy = arena_strdup(arena, text);
	size_t kept = mail ? 0 : 3, name = mail ? strcspn(copy, "@") : strlen(copy);

	for (size_t i = 0; i < name; i++) {
		if (copy[i] >= '0' && copy[i] <= '9' && (kept == 0 || kept-- == 0))
			copy[i] = (char)('0' + canary_below(canary, 10));
		else if (mail && copy[i] >= 'a' && copy[i] <= 'z')
			copy[i] = (char)('a' + canary_below(canary, 26));
	}
	return copy;
}
