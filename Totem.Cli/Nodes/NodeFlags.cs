using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Totem.CommandLine;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cli.Nodes;

/// <summary>The flags that <c>node</c> and <c>worker</c> share.</summary>
internal sealed class NodeFlags
{
    private readonly Option<uint?> _id = Ranged.Optional<uint>(
        "--id", "This member's id. On loopback 1 to 14, any free one when not given.", 1, uint.MaxValue);

    private readonly Option<int?> _port = Ranged.Optional(
        "--port", "UDP port; on loopback the first of fourteen. Default 5405.", 1, 65_535);

    private readonly Option<string?> _name = new("--name")
    {
        Description = "Loopback: which ring of those with the same port. Members of another name are on another ring. "
            + "Default: the one without a name.",
        HelpName = "NAME",
    };

    private readonly Option<string?> _config = new("--config")
    {
        Description = "Take everything from a corosync.conf; only --id may name which of its nodes this is.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _bind = new("--bind")
    {
        Description = "This member's address, or address:port, where the others send to. Needs --id and --peer.",
        HelpName = "ADDRESS",
    };

    private readonly Option<string[]> _peers = new("--peer")
    {
        Description = "Another member, as ID=ADDRESS or ID=ADDRESS:PORT. Once for each.",
        HelpName = "ID=ADDRESS",
    };

    private readonly Option<string?> _group = new("--group")
    {
        Description = "Multicast to this group (ADDRESS or ADDRESS:PORT) instead of sending to each member.",
        HelpName = "ADDRESS",
    };

    private readonly Option<string?> _key = new("--key")
    {
        Description = "With --bind: encrypt with the key in this file, which all members share ('totem keygen').",
        HelpName = "FILE",
    };

    private readonly Option<bool> _clear = new("--clear")
    {
        Description = "With --bind: no encryption. Everybody on the network can read the ring's messages, and "
            + "send some.",
    };

    private readonly Option<int?> _token = Ranged.Optional(
        "--token-timeout", "Milliseconds without a token after which the ring is taken for broken. Default 1000, on "
            + "loopback 3000.", 50, 3_600_000);

    private readonly Option<int?> _acceleratedWindow = Ranged.Optional(
        "--accelerated-window", "How many messages of a visit may follow the token instead of going before it, beside "
            + "real daemons too; 0 for none. "
            + "Default 256, and beside daemons 0.", 0, 512);

    private readonly Option<int?> _busyPoll = Ranged.Optional(
        "--busy-poll", "Microseconds for which the ring's thread looks for the token before it sleeps, when it should "
            + "come in about that time; 0 "
            + "sleeps at once, thousands take a core. Default 100.", 0, 1_000_000);

    private readonly Option<string?> _state = new("--state")
    {
        Description = "Directory for the ring sequence, which must survive a restart. Default: /var/lib/totem with "
            + "--config, and "
            + "for root with --bind; ~/.local/share/totem for others with --bind; on loopback /run/totem/loopback-PORT "
            + "for root, for others "
            + "$XDG_RUNTIME_DIR/totem/loopback-PORT, or totem-UID/loopback-PORT in the temporary directory.",
        HelpName = "DIR",
    };

    /// <summary>Adds the flags to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (ReadOnlySpan<Option>)[_id, _port, _name, _config, _bind, _peers, _group, _key, _clear,
            _token, _acceleratedWindow, _busyPoll, _state])
            command.Add(option);
    }

    /// <summary>The meaning of a command line's flags together.</summary>
    /// <exception cref="CommandFailedException">They contradict each other; every problem is in the
    /// message.</exception>
    public TotemNodeOptions Read(ParseResult parsed)
    {
        // Paths of no characters at all come out of unset shell variables.
        foreach (var option in (ReadOnlySpan<Option<string?>>)[_config, _state, _key])
        {
            if (parsed.GetValue(option) is { } path && string.IsNullOrWhiteSpace(path))
                throw Usage($"{option.Name} is empty, expected a path");
        }

        if (parsed.GetValue(_name) is not null && (parsed.GetValue(_config) ?? parsed.GetValue(_bind)) is not null)
            throw Usage("--name beside --config or --bind, which say themselves who is on the ring; expected it on the "
                + "loopback only");
        if (parsed.GetValue(_bind) is null && (parsed.GetValue(_key) is not null || parsed.GetValue(_clear)))
            throw Usage("--key or --clear without --bind; a configuration file says itself how it encrypts, and the "
                + "loopback does not leave this host");
        var options = parsed.GetValue(_config) is { } file ? FromFile(parsed, file)
            : parsed.GetValue(_bind) is { } bind ? FromAddresses(parsed, bind)
            : OnLoopback(parsed);
        if (parsed.GetValue(_acceleratedWindow) is { } window)
        {
            options = options with
            {
                Ring = options.Ring with
                {
                    AcceleratedWindow = window,
                    AcceleratedWindowBesideDaemons = window,
                },
            };
        }

        if (parsed.GetValue(_busyPoll) is { } microseconds)
            options = options with { Transport =
                options.Transport with { BusyPoll = TimeSpan.FromMicroseconds(microseconds) } };
        // The flags' contradictions are told above in their words; the rest is a file's, which says
        // more than flags can.
        var problems = options.Validate();
        return problems.Count == 0 ? options : throw Usage(string.Join("\n       ", problems));
    }

    private TotemNodeOptions OnLoopback(ParseResult parsed)
    {
        if (parsed.GetValue(_peers) is { Length: > 0 })
            throw Usage("--peer without --bind; expected --bind with this member's own address");
        if (parsed.GetValue(_group) is not null)
            throw Usage("--group without --bind; expected --bind with this member's own address");
        CheckLoopback(parsed);
        var options = TotemNodeOptions.Loopback(
            parsed.GetValue(_port) ?? UdpTransportOptions.DefaultPort, stateDirectory: parsed.GetValue(_state),
            name: parsed.GetValue(_name) ?? "");
        return options with { Ring = Configured(parsed, options.Ring, memberCount: 0) };
    }

    private void CheckLoopback(ParseResult parsed)
    {
        const int count = UdpTransportOptions.LoopbackSlotCount;
        const int highest = IPEndPoint.MaxPort - count + 1;
        var problems = new List<string>();
        if (parsed.GetValue(_port) is > highest and var port)
            problems.Add($"--port is {port}, expected 1 to {highest} on the loopback, which takes {count} ports "
                + "from there");
        if (parsed.GetValue(_id) is > count and var id)
            problems.Add($"--id is {id}, expected 1 to {count} on the loopback");
        if (Encoding.UTF8.GetByteCount(parsed.GetValue(_name) ?? "") is > UdpTransportOptions.MaxLoopbackNameBytes
            and var bytes)
            problems.Add($"--name has {bytes} bytes, expected at most {UdpTransportOptions.MaxLoopbackNameBytes}");
        Refuse(problems);
    }

    private static void CheckAddresses(List<UdpPeer> peers, IPEndPoint? group)
    {
        var problems = new List<string>();
        for (var i = 0; i < peers.Count; i++)
        {
            var flag = i == 0 ? "--bind" : "--peer";
            var (id, endPoint) = peers[i];
            if (peers.FindIndex(x => x.Id == id) < i)
                problems.Add($"--peer {id}={endPoint}: node {id} is given already, with --id or --peer; expected each "
                    + "id once");
            else if (peers.FindIndex(x => x.EndPoint.Equals(endPoint)) < i)
                problems.Add($"--peer {id}={endPoint}: that address is given already, with --bind or --peer; expected "
                    + "each once");
            if (endPoint.AddressFamily != peers[0].EndPoint.AddressFamily)
                problems.Add($"--peer {id}={endPoint} is of another family than --bind {peers[0].EndPoint}, expected "
                    + "IPv4 or IPv6 for all");
            if (endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any))
                problems.Add($"{flag} is {endPoint.Address}, expected an address that the others can send to");
        }

        if (group is not null && !UdpTransportOptions.IsGroup(group.Address))
            problems.Add($"--group is {group.Address}, expected a multicast address or 255.255.255.255");
        else if (group is not null && group.AddressFamily != peers[0].EndPoint.AddressFamily)
            problems.Add($"--group is {group.Address}, expected the family of --bind {peers[0].EndPoint.Address}");
        if (group is { Port: < 2 })
            problems.Add($"--group has the port {group.Port}, expected 2 to {IPEndPoint.MaxPort}: frames are sent from "
                + "the port below");
        Refuse(problems);
    }

    private static void Refuse(List<string> problems)
    {
        if (problems.Count > 0)
            throw Usage(string.Join("\n       ", problems));
    }

    private TotemNodeOptions FromFile(ParseResult parsed, string file)
    {
        if (parsed.GetValue(_bind) is not null || parsed.GetValue(_group) is not null
            || parsed.GetValue(_port) is not null
            || parsed.GetValue(_token) is not null || parsed.GetValue(_peers) is { Length: > 0 })
        {
            throw Usage("--config says everything itself; expected none of --bind, --peer, --group, --port, "
                + "--token-timeout beside it");
        }

        try
        {
            var self = parsed.GetValue(_id) is { } id ? new ProcessorId(id) : (ProcessorId?)null;
            return TotemNodeOptions.FromCorosyncConf(file, self, parsed.GetValue(_state));
        }
        catch (CorosyncConfException failure)
        {
            throw Usage($"--config: {failure.Message}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Usage($"--config: {FailureText.OfFile(file, failure)}");
        }
    }

    private TotemNodeOptions FromAddresses(ParseResult parsed, string bind)
    {
        if (parsed.GetValue(_id) is not { } id)
            throw Usage("--bind without --id; expected a node id from 1 up");
        var port = parsed.GetValue(_port) ?? UdpTransportOptions.DefaultPort;
        var peers = new List<UdpPeer> { new(new ProcessorId(id), EndPointOf("--bind", bind, port)) };
        foreach (var text in parsed.GetValue(_peers) ?? [])
            peers.Add(PeerOf(text, port));
        if (peers.Count > ProcessorSet.MaxCount)
            throw Usage($"{peers.Count} members, expected at most {ProcessorSet.MaxCount}");
        var group = parsed.GetValue(_group) is { } x ? EndPointOf("--group", x, port) : null;
        CheckAddresses(peers, group);
        var key = KeyOf(parsed, peers);
        if (key is not null && group is not null)
            throw Usage("--key beside --group, expected one of the two: a multicast group is in clear");
        return new TotemNodeOptions
        {
            Ring = Configured(parsed, new RingOptions { Self = ProcessorId.None },
                peers.Count) with { Allowed = ProcessorSet.Of([.. peers.Select(peer => peer.Id)]) },
            Transport = new UdpTransportOptions
            {
                Kind = key is not null ? UdpTransportKind.Knet : group is null ? UdpTransportKind.Unicast
                    : UdpTransportKind.Multicast,
                Knet = new KnetTransportOptions { KeyFile = key },
                Peers = peers,
                Group = group?.Address,
                GroupPort = group?.Port ?? port,
            },
            StateDirectory = parsed.GetValue(_state) ?? DefaultStateDirectory(),
        };
    }

    /// <summary>The key, or null where the user insists on clear text, or nothing leaves this host.</summary>
    private string? KeyOf(ParseResult parsed, List<UdpPeer> peers)
    {
        var key = parsed.GetValue(_key);
        var isClear = parsed.GetValue(_clear);
        if (key is not null && isClear)
            throw Usage("--key beside --clear, expected one of the two");
        if (key is null && !isClear && !peers.TrueForAll(x => IPAddress.IsLoopback(x.EndPoint.Address)))
        {
            throw Usage("--bind without --key, expected --key FILE with the key that all members share ('totem keygen "
                + "FILE' makes one, and every host needs a "
                + "copy), or --clear: everybody on the network can read the ring's messages then, and send some");
        }

        return key;
    }

    private static string DefaultStateDirectory()
        => Environment.IsPrivilegedProcess ? "/var/lib/totem" : StateDirectoryUnder(UserDataDirectory());

    /// <summary>The default state directory of a user.</summary>
    /// <param name="root">Where the user's programs keep their data, as the system says.</param>
    /// <exception cref="CommandFailedException">The system does not say.</exception>
    internal static string StateDirectoryUnder(string root)
        // A path relative to wherever the command was started would not be found again, and a ring id could repeat.
        => Path.IsPathFullyQualified(root)
            ? Path.Combine(root, "totem")
            : throw new CommandFailedException(
                ExitCode.Environment, "this user has no directory for the ring sequence; expected a home directory, or "
                    + "--state DIR");

    private static string UserDataDirectory()
    {
        const Environment.SpecialFolder Folder = Environment.SpecialFolder.LocalApplicationData;
        try
        {
            // Without Create a fresh user's folder, which is not there yet, would be no folder at all.
            return Environment.GetFolderPath(Folder, Environment.SpecialFolderOption.Create);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The member's start says why it cannot be written.
            return Environment.GetFolderPath(Folder, Environment.SpecialFolderOption.DoNotVerify);
        }
    }

    /// <summary>The options that the flags give, over the defaults of the way in which members find each
    /// other.</summary>
    private RingOptions Configured(ParseResult parsed, RingOptions defaults, int memberCount)
    {
        var ring = defaults with { Self = new ProcessorId(parsed.GetValue(_id) ?? 0) };
        if (parsed.GetValue(_token) is not { } milliseconds)
            return ring;
        // The times that follow from the token's do so here too; all others stay as they were.
        var derived = RingOptions.ForNodes(
            ring.Self, memberCount, TimeSpan.FromMilliseconds(milliseconds), TimeSpan.Zero);
        return ring with
        {
            TokenTimeout = derived.TokenTimeout,
            TokenRetransmit = derived.TokenRetransmit,
            TokenHold = derived.TokenHold,
            ConsensusTimeout = derived.ConsensusTimeout,
            FailToReceiveTimeout = derived.FailToReceiveTimeout,
            AloneTimeout = derived.ConsensusTimeout < ring.AloneTimeout ? derived.ConsensusTimeout : ring.AloneTimeout,
        };
    }

    private static UdpPeer PeerOf(string text, int port)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1 || !uint.TryParse(text.AsSpan(0, equals), NumberStyles.None, CultureInfo.InvariantCulture,
            out var id) || id == 0)
            throw Usage($"--peer is '{text}', expected ID=ADDRESS or ID=ADDRESS:PORT with an id from 1 up");
        return new UdpPeer(new ProcessorId(id), EndPointOf("--peer", text[(equals + 1)..], port));
    }

    private static IPEndPoint EndPointOf(string name, string text, int port)
    {
        // A bare IPv6 address has colons too, so the address alone is tried first. In brackets it
        // would be taken for one, and its port be lost.
        if (!text.StartsWith('[') && IPAddress.TryParse(text, out var address)
            && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            return new IPEndPoint(address, port);
        return IPEndPoint.TryParse(text, out var endPoint) && endPoint.Port != 0
            ? endPoint
            : throw Usage($"{name} is '{text}', expected an address such as 10.0.0.1, 10.0.0.1:5405 or [fd00::1]:5405");
    }

    private static CommandFailedException Usage(string message) => new(ExitCode.Usage, message);
}
