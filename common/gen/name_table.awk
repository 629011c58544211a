# Build-time: which simplified character stands for a traditional one, from the variants of Debian's
# package unicode-data, as build/gen/common/name_table.h: rows in order of the code, for a search by
# halves. Where Unihan names several, the first that is another character counts (乾 is 干).
BEGIN {
	print "static const struct {\n\tunsigned traditional, simplified;\n} name_variants[] = {"
}
$2 == "kSimplifiedVariant" {
	for (i = 3; i <= NF; i++)
		if ($i != $1) {
			printf "\t{ 0x%s, 0x%s },\n", substr($1, 3), substr($i, 3)
			rows++
			break
		}
}
END {
	print "};"
	if (rows < 2000) {
		print "no variants in unicode-data" > "/dev/stderr"
		exit 1
	}
}
