using System.Buffers;
using System.Globalization;

namespace Totem.Transport.Udp.Corosync;

/// <summary>The form that the value of a key must have for corosync to read the file at all.</summary>
/// <param name="Min">The least number; null for a text.</param>
/// <param name="Max">The greatest.</param>
/// <param name="Words">The only texts that may stand there; null for any.</param>
/// <param name="IsCaseKept">Whether corosync tells capitals from small letters there.</param>
internal sealed record ConfKey(long? Min = null, long? Max = null, string[]? Words = null, bool IsCaseKept = true)
{
    /// <summary>The form that was expected instead; null when the text will do.</summary>
    public string? Problem(string text)
    {
        if (Words is not null)
        {
            return Words.Contains(text, IsCaseKept ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase)
                ? null : $"{string.Join(", ", Words[..^1])}{(Words.Length > 1 ? " or " : "")}{Words[^1]}";
        }

        return Min is null || Number(text) is not null
            ? null : string.Create(CultureInfo.InvariantCulture, $"a number from {Min} to {Max}");
    }

    /// <summary>As strtoll(3) reads it: blanks before it, a sign and leading zeros may stand there,
    /// nothing may follow.</summary>
    public long? Number(string text)
    {
        if (Min is not { } min)
            return null;
        var digits = text.AsSpan().TrimStart(ConfKeys.NumberBlanks);
        return long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= Max
            ? value : null;
    }
}

/// <summary>Every key of corosync 3, by its whole name with <c>*</c> for numbers of nodes and
/// interfaces and for names of subsystems.</summary>
internal static class ConfKeys
{
    public static readonly SearchValues<char> NameCharacters
        = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:");

    /// <summary>isspace(3).</summary>
    public const string NumberBlanks = " \t\n\v\f\r";

    /// <summary>Of the sections of <c>resources</c>.</summary>
    public static readonly ConfKey Period = new(0, long.MaxValue);

    /// <summary>Which interface a section is about.</summary>
    public static readonly ConfKey LinkNumber = new(0, byte.MaxValue);

    private static readonly ConfKey Text = new();
    private static readonly ConfKey Byte = new(0, byte.MaxValue);
    private static readonly ConfKey Number = new(0, uint.MaxValue);
    private static readonly ConfKey Switch = Words("yes", "no");
    private static readonly ConfKey OnOff = Words("on", "off");
    private static readonly ConfKey Priority = new(
        Words: ["alert", "crit", "debug", "emerg", "err", "error", "info", "notice", "warning"], IsCaseKept: false);

    /// <summary>Sections about other things than the ring: what stands in them is nobody's concern here.</summary>
    private static readonly HashSet<string> Foreign = new(StringComparer.Ordinal)
    {
        "qb", "resources", "nozzle", "service", "aisexec", "pload", "quorum.device",
    };

    private static readonly Dictionary<string, ConfKey> Known = All();

    private static readonly HashSet<string> Sections = new(StringComparer.Ordinal)
    {
        "totem", "totem.interface", "totem.interface.member", "nodelist", "nodelist.node", "quorum", "quorum.device",
            "system", "logging",
        "logging.logger_subsys", "logging.logging_daemon", "uidgid",
    };

    public static IEnumerable<string> Names => Known.Keys;

    public static ConfKey? Find(string path) => Known.GetValueOrDefault(PatternOf(path));

    public static bool IsKnownSection(string path) => Sections.Contains(path) || IsForeign(path);

    public static IEnumerable<string> SectionNames => Sections.Concat(Foreign);

    public static bool IsForeign(string path) =>
        Foreign.Any(name => path == name || path.StartsWith(name + ".", StringComparison.Ordinal));

    private static ConfKey Words(params string[] words) => new(Words: words);

    /// <summary>The name with <c>*</c> where corosync puts a number or a name.</summary>
    private static string PatternOf(string path)
    {
        foreach (var prefix in (ReadOnlySpan<string>)["nodelist.node.", "totem.interface.", "logging.logger_subsys."])
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal) && path.LastIndexOf('.') is var dot
                && dot >= prefix.Length)
                return $"{prefix}*{path[dot..]}";
        }

        return path;
    }

    private static Dictionary<string, ConfKey> All()
    {
        var all = new Dictionary<string, ConfKey>(StringComparer.Ordinal);
        Add("totem", Number, "version", "nodeid", "threads", "token", "token_coefficient", "token_retransmit",
            "token_warning", "hold",
            "token_retransmits_before_loss_const", "join", "send_join", "consensus", "merge", "downcheck",
            "fail_recv_const",
            "seqno_unchanged_const", "rrp_token_expired_timeout", "rrp_problem_count_timeout",
            "rrp_problem_count_threshold",
            "rrp_problem_count_mcast_threshold", "rrp_autorecovery_check_timeout", "heartbeat_failures_allowed",
            "max_network_delay",
            "window_size", "max_messages", "miss_count_const", "knet_pmtud_interval", "knet_mtu",
            "knet_compression_threshold", "netmtu");
        Add("totem", new ConfKey(int.MinValue, int.MaxValue), "knet_compression_level");
        Add("totem", new ConfKey(long.MinValue, long.MaxValue), "config_version");
        Add("totem", Words("ipv4", "ipv6", "ipv6-4", "ipv4-6"), "ip_version");
        Add("totem", Words("none", "aes256", "aes192", "aes128"), "crypto_cipher");
        Add("totem", Words("none", "md5", "sha1", "sha256", "sha384", "sha512"), "crypto_hash");
        Add("totem", Words("nss", "openssl"), "crypto_model");
        Add("totem", Words("zlib", "lz4", "lz4hc", "lzo2", "lzma", "bzip2", "zstd"), "knet_compression_model");
        Add("totem", Words("passive", "active", "rr"), "link_mode");
        // corosync takes any other word for its default, in silence: who is heard, what is signed
        // and what an id is would be another.
        Add("totem", Switch, "block_unlisted_ips", "clear_node_high_bit");
        Add("totem", OnOff, "secauth");
        // Our own: corosync passes over what it does not know.
        Add("totem", Words("yes", "no", "only"), "aead");
        Add("totem", Text, "transport", "cluster_name", "keyfile", "key", "ip_dscp", "rrp_mode", "vsftype",
            "allow_knet_handle_fallback", "cancel_token_hold_on_retransmit");
        Add("totem.interface.*", Byte, "linknumber", "ttl", "knet_link_priority");
        Add("totem.interface.*", new ConfKey(0, ushort.MaxValue), "mcastport");
        Add("totem.interface.*", Number, "knet_ping_interval", "knet_ping_timeout", "knet_ping_precision",
            "knet_pong_count");
        Add("totem.interface.*", Words("udp", "sctp"), "knet_transport");
        Add("totem.interface.*", Switch, "broadcast");
        Add("totem.interface.*", Text, "bindnetaddr", "mcastaddr");
        Add("nodelist.node.*", Number, "nodeid", "quorum_votes");
        Add("nodelist.node.*", Text, "name", "ring0_addr", "ring1_addr", "ring2_addr", "ring3_addr", "ring4_addr",
            "ring5_addr", "ring6_addr", "ring7_addr");
        Add("quorum", Number, "expected_votes", "votes", "last_man_standing_window", "leaving_timeout");
        Add("quorum", Byte, "two_node", "expected_votes_tracking", "allow_downscale", "wait_for_all",
            "auto_tie_breaker", "last_man_standing");
        Add("quorum", Text, "provider", "auto_tie_breaker_node");
        Add("quorum.device", Number, "timeout", "sync_timeout", "votes");
        Add("quorum.device", Byte, "master_wins");
        Add("quorum.device", Text, "model");
        Add("system", Switch, "sched_rr", "allow_knet_handle_fallback");
        Add("system", Words("yes", "no", "auto"), "move_to_root_cgroup");
        Add("system", Words("native", "shm", "socket"), "qb_ipc_type");
        Add("system", Text, "priority", "state_dir");
        Add("resources", Number, "watchdog_timeout");
        Add("logging", OnOff, "fileline", "function_name", "blackbox");
        Add("logging", Words("on", "off", "hires"), "timestamp");
        Add("logging", Text, "format");
        foreach (var section in (ReadOnlySpan<string>)["logging", "logging.logger_subsys.*"])
        {
            Add(section, Words("yes", "no", "on", "off"), "to_stderr", "to_syslog", "to_logfile", "to_file");
            Add(section, Priority, "syslog_priority", "syslog_level", "logfile_priority");
            Add(section, Words("on", "off", "trace"), "debug");
            Add(section, Words(ConfLogging.Facilities), "syslog_facility");
            Add(section, Text, "logfile", "subsys");
        }

        Add("uidgid", Text, "uid", "gid");
        return all;

        void Add(string section, ConfKey key, params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
                all.Add($"{section}.{name}", key);
        }
    }
}
