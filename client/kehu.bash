# Completion for kehu and kehu-admin. Commands and options are asked from the program itself.
_kehu()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]}

	case $before in
	--ca | --config | --password-file | --new-password-file | --otp-file | --dir | --map | --errors | --output | -o)
		COMPREPLY=($(compgen -f -- "$word"))
		return
		;;
	--format)
		COMPREPLY=($(compgen -W 'table tsv csv jsonl text pdf html' -- "$word"))
		return
		;;
	--language)
		COMPREPLY=($(compgen -W 'zh en' -- "$word"))
		return
		;;
	--on-match)
		COMPREPLY=($(compgen -W 'skip update' -- "$word"))
		return
		;;
	esac
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$("$program" ${COMP_WORDS[1]/#-*/} --help 2>/dev/null |
			grep -oE -- '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,')" -- "$word"))
	elif ((COMP_CWORD == 1)); then
		COMPREPLY=($(compgen -W "$("$program" --help 2>/dev/null |
			sed -nE 's/^  ([a-z][a-z-]*).*/\1/p')" -- "$word"))
	elif ((COMP_CWORD == 2)) && [[ $program == *kehu && ${COMP_WORDS[1]} != search ]]; then
		COMPREPLY=($(compgen -W 'branch contact credit_limit currency_rate customer customer_relation
			delivery department dictionary discount_limit goods_return invoice_request order prepaid_entry
			price_list product quote receipt receivable region role saved_view tag user visit' -- "$word"))
	else
		COMPREPLY=($(compgen -f -- "$word"))
	fi
}
complete -F _kehu kehu kehu-admin
