package redact

// token is a credential that is known by how it begins.
type token struct {
	rule   rule
	prefix string
	// anchor is where the part of the prefix begins that is looked for.
	anchor int
	// set are the bytes behind the prefix, of which there are at least min;
	// with exact as many and no more.
	set   class
	min   int
	exact bool
	// lead is how many bytes of the set stand before the prefix.
	lead int
	// place says that the prefix is a place, which stays.
	place bool
	// mixed says that only what has letters and digits is one, alone that no
	// word with dashes may end before it: the prefix is also used otherwise.
	mixed, alone bool
}

// tokens are the documented forms of credentials. A minimum is the length of
// the shortest that is or was issued; most vendors say that theirs may grow.
var tokens = []token{
	// AWS, IAM User Guide, "Unique identifiers": AKIA is a long-term access
	// key, ASIA a temporary one, ABSK a key for Bedrock.
	{rule: ruleAWS, prefix: "AKIA", set: base32, min: 16, exact: true},
	{rule: ruleAWS, prefix: "ASIA", set: base32, min: 16, exact: true},
	{rule: ruleAWS, prefix: "ABSK", set: alnum, min: 100},

	// Google Cloud, "API keys", OAuth 2.0 access tokens and client secrets.
	{rule: ruleGoogle, prefix: "AIzaSy", set: base64ID, min: 33, exact: true},
	{rule: ruleGoogle, prefix: "ya29.", set: base64ID | dot, min: 20},
	{rule: ruleGoogle, prefix: "GOCSPX-", set: base64ID, min: 28},

	// Microsoft Purview, "Microsoft Entra client secret" and "Azure DevOps
	// personal access token": what they have in common stands in the middle.
	{rule: ruleAzure, prefix: "7Q~", lead: 3, set: base64ID | dot | tilde, min: 31},
	{rule: ruleAzure, prefix: "8Q~", lead: 3, set: base64ID | dot | tilde, min: 31},
	{rule: ruleAzure, prefix: "AZDO", lead: 76, set: alnum, min: 4, exact: true},

	// GitHub, "About authentication": up to 255 characters.
	{rule: ruleGitHub, prefix: "ghp_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "gho_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "ghu_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "ghs_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "ghr_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "github_pat_", anchor: 3, set: alnum | dash, min: 36},

	// GitLab, "Token overview": prefixes; routable tokens have dots.
	{rule: ruleGitLab, prefix: "glpat-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "gldt-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glrt-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glrtr-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glptt-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glcbt-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "gloas-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glsoat-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glagent-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glft-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glimt-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glffct-", set: base64ID | dot, min: 20},

	// Slack, "Token types", and "Sending messages using incoming webhooks".
	{rule: ruleSlack, prefix: "xoxb-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxp-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxa-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxr-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxs-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxc-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxd-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxe-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxe.", set: base64ID | dot, min: 10},
	{rule: ruleSlack, prefix: "xapp-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xwfp-", set: base64ID, min: 20},
	{rule: ruleSlack, prefix: "hooks.slack.com/services/", place: true, set: alnum | slash, min: 40},

	// Stripe, "API keys": secret and restricted keys, live and of the sandbox,
	// and the secrets of webhooks.
	{rule: ruleStripe, prefix: "sk_live_", set: alnum, min: 16},
	{rule: ruleStripe, prefix: "sk_test_", set: alnum, min: 16},
	{rule: ruleStripe, prefix: "rk_live_", set: alnum, min: 16},
	{rule: ruleStripe, prefix: "rk_test_", set: alnum, min: 16},
	{rule: ruleStripe, prefix: "whsec_", set: alnum, min: 24},

	// Registries: npm, "About access tokens"; PyPI, "API tokens"; RubyGems, "API
	// key scopes"; NuGet, "Publish packages"; Docker, "Personal access tokens".
	{rule: ruleVendor, prefix: "npm_", set: alnum, min: 36},
	{rule: ruleVendor, prefix: "pypi-AgE", set: base64ID, min: 50},
	{rule: ruleVendor, prefix: "rubygems_", set: hexDigits, min: 48},
	{rule: ruleVendor, prefix: "oy2", set: alnum, min: 43, exact: true, alone: true},
	{rule: ruleVendor, prefix: "dckr_pat_", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "dckr_oat_", set: base64ID, min: 20},

	// Mail and messages: SendGrid, "API Keys", of 69 characters; Mailgun,
	// "Authentication"; Brevo, "Authentication"; Discord, "Webhook Resource".
	{rule: ruleVendor, prefix: "SG.", set: base64ID | dot, min: 60, mixed: true},
	{rule: ruleVendor, prefix: "key-", set: hexDigits, min: 32, exact: true, alone: true},
	{rule: ruleVendor, prefix: "xkeysib-", set: base64ID, min: 64},
	{rule: ruleVendor, prefix: "/api/webhooks/", place: true, set: base64ID | slash, min: 78},

	// Clouds and infrastructure: HashiCorp Vault, "Tokens"; HCP Terraform, "API
	// tokens"; DigitalOcean, "Personal access tokens"; Heroku, "OAuth";
	// Databricks, "Personal access tokens"; Tailscale, "Keys"; Doppler, "Access
	// tokens"; age(1).
	{rule: ruleVendor, prefix: "hvs.", set: base64ID, min: 24},
	{rule: ruleVendor, prefix: "hvb.", set: base64ID, min: 24},
	{rule: ruleVendor, prefix: "hvr.", set: base64ID, min: 24},
	{rule: ruleVendor, prefix: ".atlasv1.", lead: 14, set: alnum | dash, min: 60},
	{rule: ruleVendor, prefix: "dop_v1_", set: hexDigits, min: 64},
	{rule: ruleVendor, prefix: "doo_v1_", set: hexDigits, min: 64},
	{rule: ruleVendor, prefix: "dor_v1_", set: hexDigits, min: 64},
	{rule: ruleVendor, prefix: "HRKU-", set: base64ID, min: 36},
	{rule: ruleVendor, prefix: "dapi", set: hexDigits, min: 32},
	{rule: ruleVendor, prefix: "tskey-", set: base64ID, min: 20, mixed: true},
	{rule: ruleVendor, prefix: "dp.pt.", set: alnum, min: 40},
	{rule: ruleVendor, prefix: "AGE-SECRET-KEY-1", anchor: 11, set: alnum, min: 58},

	// Monitoring: Grafana, "Service accounts" and "Access policies"; New Relic,
	// "API keys"; Sentry, "Auth tokens"; Dynatrace, "Token format".
	{rule: ruleVendor, prefix: "glsa_", set: alnum | dash, min: 32},
	{rule: ruleVendor, prefix: "glc_eyJ", set: base64ID, min: 32},
	{rule: ruleVendor, prefix: "NRAK-", set: alnum, min: 27},
	{rule: ruleVendor, prefix: "sntrys_", set: base64ID, min: 40},
	{rule: ruleVendor, prefix: "sntryu_", set: hexDigits, min: 64},
	{rule: ruleVendor, prefix: "dt0c01.", set: alnum | dot, min: 80},

	// Models: OpenAI and others that begin their keys in the same way,
	// "Authentication"; Anthropic, "API keys"; Hugging Face, "User access
	// tokens"; Groq, "API keys"; Replicate, "Authentication".
	{rule: ruleVendor, prefix: "sk-proj-", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "sk-svcacct-", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "sk-admin-", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "sk-ant-", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "sk-or-v1-", set: hexDigits, min: 64},
	{rule: ruleVendor, prefix: "sk-", set: alnum, min: 32, mixed: true, alone: true},
	{rule: ruleVendor, prefix: "hf_", set: letter, min: 34, exact: true, alone: true},
	{rule: ruleVendor, prefix: "gsk_", set: alnum, min: 52, exact: true},
	{rule: ruleVendor, prefix: "r8_", set: alnum, min: 37, exact: true, alone: true},

	// Shops, payments, offices: Shopify, developer changelog of April 2020;
	// Square, "Access tokens"; Atlassian, "Manage API tokens"; Postman, "API
	// keys"; Linear, "API"; Notion, "Authorization"; Figma, "Access tokens".
	{rule: ruleVendor, prefix: "shpat_", set: hexDigits, min: 32},
	{rule: ruleVendor, prefix: "shpca_", set: hexDigits, min: 32},
	{rule: ruleVendor, prefix: "shppa_", set: hexDigits, min: 32},
	{rule: ruleVendor, prefix: "shpss_", set: hexDigits, min: 32},
	{rule: ruleVendor, prefix: "sq0csp-", set: base64ID, min: 43},
	{rule: ruleVendor, prefix: "sq0atp-", set: base64ID, min: 22},
	{rule: ruleVendor, prefix: "ATATT3xFfGF0", anchor: 3, set: base64ID, min: 60},
	{rule: ruleVendor, prefix: "ATCTT3xFfGN0", anchor: 3, set: base64ID, min: 60},
	{rule: ruleVendor, prefix: "PMAK-", set: base64ID, min: 50},
	{rule: ruleVendor, prefix: "lin_api_", set: alnum, min: 40},
	{rule: ruleVendor, prefix: "ntn_", set: alnum, min: 43, mixed: true},
	{rule: ruleVendor, prefix: "figd_", set: base64ID, min: 40},
}
