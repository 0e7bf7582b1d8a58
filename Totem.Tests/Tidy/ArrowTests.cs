namespace Totem.Tests.Tidy;

/// <summary>Inside a project a room, which is a folder, uses only itself and rooms before it
/// (docs/design/architecture.md, "Rooms of the other projects").</summary>
public sealed class ArrowTests
{
    /// <summary>
    /// The rooms of each project, lowest first: a folder, or a file where users look for it though it belongs further
    /// down. Files at the top of a project that are not listed come last. This is the one place that knows; the
    /// document repeats the folders for people.
    /// </summary>
    private static readonly Dictionary<string, string[]> Rooms = new(StringComparer.Ordinal)
    {
        ["Totem.Core"] =
        [
            "Model RingOptions.cs", "Time", "Wire", "Diagnostics", "Ordering", "Membership", "Recovery", "Packing",
            "Evs", "Groups",
        ],
        ["Totem.Platform"] = ["Files", "Network", "Programs"],
        ["Totem.Transport.Knet"] = ["Wire", "Diagnostics", "Crypto", "Aead", "Keys", "Sequence", "Mtu", "Links"],
        ["Totem.Transport.Udp"] =
        [
            "TransportException.cs RingFailedException.cs RingScheduling.cs RingSchedulingConverter.cs "
            + "UdpTransportOptions.cs KnetTransportOptions.cs KnetCaptureCounts.cs UdpPeerConverter.cs",
            "Host", "Diagnostics", "Operation ChangeRecord.cs MemberStatus.cs NodeStatistics.cs", "Storage", "Sockets",
            "Slots", "Peers", "Inquiry", "Transports", "Transports/Plain",
            "Transports/Knet",
            "Corosync", "Embedding",
            "TotemNodeOptions.cs GroupEvent.cs TotemEvent.cs", "Queues", "Hosting",
        ],
        ["Totem.Hosting"] =
        [
            "Log.cs TotemSettings.cs NodeSetup.cs", "GroupPlace.cs IGroupHandler.cs TotemActivity.cs", "OwnMessages.cs",
            "GroupService.cs", "Majority.cs", "TotemRing.cs", "Health",
        ],
        ["Totem.Simulation"] =
        [
            "Fuzz", "Traces", "Checkers", "Checkers/Rules", "Checkers/EvsChecker.cs", "Model", "Network", "Knet",
            "Groups", "Cluster", "Faults",
            "Scenarios",
        ],
        ["Totem.Sheepdog"] =
        [
            "ClusterDriverException.cs ClusterLimits.cs ClusterLogLevel.cs ClusterResult.cs IClusterDriver.cs "
            + "IClusterEvents.cs "
            + "LeaveReason.cs NodeString.cs SheepNode.cs",
            "Ordering", "Sessions", "Drivers", "Drivers/Local", "Drivers/ZooKeeper/Native",
            "Drivers/ZooKeeper/BackendAnswer.cs Drivers/ZooKeeper/BackendRequest.cs "
            + "Drivers/ZooKeeper/SessionDeadlines.cs Drivers/ZooKeeper/SessionSetup.cs "
            + "Drivers/ZooKeeper/ZooKeeperLimits.cs Drivers/ZooKeeper/ZooKeeperPaths.cs "
            + "Drivers/ZooKeeper/ZooKeeperResults.cs Drivers/ZooKeeper/ZooKeeperWrite.cs",
            "Drivers/ZooKeeper/RequestDesk.cs", "Drivers/ZooKeeper/LogEntry.cs Drivers/ZooKeeper/SessionMark.cs",
            // The parts of a session, which know no session.
            "Drivers/ZooKeeper/LogSender.cs", "Drivers/ZooKeeper/LogEnd.cs", "Drivers/ZooKeeper/LogReader.cs",
            "Drivers/ZooKeeper/HandoverFetch.cs", "Drivers/ZooKeeper/SessionRing.cs",
            "Drivers/ZooKeeper/SessionArrival.cs", "Drivers/ZooKeeper/Arrival.cs",
            "Drivers/ZooKeeper/ReadProgress.cs Drivers/ZooKeeper/UnremovedSizes.cs",
            "Drivers/ZooKeeper/LogCollector.cs", "Drivers/ZooKeeper/ZooKeeperSession.cs", "Drivers/ZooKeeper",
        ],
        ["Totem.Accord"] =
        [
            "AccordLimits.cs", "Wire", "Store", "Execution", "Watches", "Components", "State", "Clients",
            "Replication",
        ],
        ["Totem.Accord.Server"] =
            ["ConductorServerOptions.cs", "Diagnostics", "Connections", "Transfers", "Hosting"],
        ["Totem.Cli"] =
        [
            "UsageText.cs",
            "Output", "Operation", "Traces", "Nodes", "Sheep", "Simulations", "Workers", "Demos", "Commands",
        ],
        ["Totem.Cpg"] = ["NativeTypes.cs", "Program", "Ring", "Sessions"],
        ["Totem.Sheepdog.Native"] = [],
        ["Totem.CommandLine"] = [],
        ["Totem.Bench"] =
        [
            "Load", "Processes", "Peers", "Results", "Limits", "Ring", "Micro", "Readers", "Report", "Commands",
        ],
    };

    public static TheoryData<string> Projects =>
    [
        // Samples are one file each.
        .. Repository.ProjectFiles.Where(x => !x.StartsWith("samples/", StringComparison.Ordinal))
            .Select(x => Path.GetFileNameWithoutExtension(x))
            .Where(x => x is not "Totem" && !x.EndsWith(".Tests", StringComparison.Ordinal)),
    ];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_room_uses_only_itself_and_rooms_before_it(string project)
    {
        Assert.True(Rooms.TryGetValue(project, out var rooms), $"{project} has no order of rooms");
        var uses = TypeUses.OfProject(project);
        Assert.True(uses.Count > 0, $"{uses.Count} uses; the search finds too little");
        Assert.Empty(BackwardArrows(project, rooms, uses));
    }

    [Fact]
    public void A_backward_arrow_is_found()
    {
        const string low = "namespace P.Low; class Thing; class Other { P.High.Tower Tower = new(); }";
        const string high = "namespace P.High; class Tower { object Low = typeof(P.Low.Thing), Name = nameof(P.Top); }";
        const string top = "namespace P; class Top { Low.Thing? Tower; }";
        var uses = TypeUses.Of("P", [("P/Low/Thing.cs", low), ("P/High/Tower.cs", high), ("P/Top.cs", top)]);

        Assert.Equal(
            ["P/Low/Thing.cs:1 uses Tower of P/High/Tower.cs: a backward arrow"],
            BackwardArrows("P", ["Low", "High"], uses), StringComparer.Ordinal);
        Assert.Equal(
            ["P/High/Tower.cs:1 uses Thing of P/Low/Thing.cs: a backward arrow"],
            BackwardArrows("P", ["High", "Low"], uses), StringComparer.Ordinal);
    }

    /// <summary>The folders of a project that are rooms, lowest first.</summary>
    internal static IReadOnlyList<string> RoomsOf(string project) =>
        [.. Rooms[project].Select(x => x.Split(' ')[0]).Where(x => !x.EndsWith(".cs", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void The_document_shows_the_rooms_in_the_same_order(string project)
    {
        var folders = RoomsOf(project);
        if (folders.Count > 0)
            Assert.Contains(string.Join(" → ", folders), Repository.Read("docs/design/architecture.md"),
                StringComparison.Ordinal);
    }

    private static IEnumerable<string> BackwardArrows(string project, string[] rooms, IEnumerable<TypeUse> uses)
    {
        var order = rooms.SelectMany((room, rank) => room.Split(' ').Select(x => (Name: $"{project}/{x}", Rank: rank)))
            .ToDictionary(x => x.Name, x => x.Rank, StringComparer.Ordinal);
        return uses.Where(x => RankOf(x.DeclaredIn) > RankOf(x.File))
            .Select(x => $"{x.File}:{x.Line} uses {x.Type} of {x.DeclaredIn}: a backward arrow")
            .Distinct(StringComparer.Ordinal);

        int RankOf(string file)
        {
            if (order.TryGetValue(file, out var own))
                return own;
            var folder = file[..file.LastIndexOf('/')];
            if (folder == project)
                return rooms.Length;
            Assert.True(order.TryGetValue(folder, out var rank),
                $"{file} lies in none of the rooms {string.Join(", ", rooms)}");
            return rank;
        }
    }
}
