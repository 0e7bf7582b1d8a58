using Totem.Core;

namespace Totem.Tests.Core;

public sealed class RingOptionsTests
{
    private static readonly RingOptions Good = new() { Self = new ProcessorId(1) };

    /// <summary>Each wrong in one way: the name that its message begins with.</summary>
    private static readonly (string Name, RingOptions Options)[] Wrong =
    [
        (nameof(RingOptions.Self), Good with { Self = ProcessorId.None }),
        (nameof(RingOptions.Allowed), Good with { Allowed = ProcessorSet.Of(new ProcessorId(2)) }),
        (nameof(RingOptions.TokenTimeout), Good with { TokenTimeout = TimeSpan.FromHours(2) }),
        (nameof(RingOptions.TokenRetransmit), Good with { TokenRetransmit = Good.TokenTimeout }),
        (nameof(RingOptions.TokenHold), Good with { TokenHold = Good.TokenRetransmit }),
        (nameof(RingOptions.JoinInterval), Good with { JoinInterval = TimeSpan.Zero }),
        (nameof(RingOptions.AloneTimeout), Good with { AloneTimeout = TimeSpan.FromSeconds(2) }),
        (nameof(RingOptions.ConsensusTimeout),
            Good with { ConsensusTimeout = TimeSpan.FromMilliseconds(49), AloneTimeout = TimeSpan.Zero }),
        (nameof(RingOptions.MergeDetectInterval), Good with { MergeDetectInterval = TimeSpan.Zero }),
        (nameof(RingOptions.FailToReceiveTimeout), Good with { FailToReceiveTimeout = TimeSpan.Zero }),
        (nameof(RingOptions.IdleVisitsBeforeHold), Good with { IdleVisitsBeforeHold = 0 }),
        (nameof(RingOptions.WindowSize), Good with { WindowSize = 8192 }),
        (nameof(RingOptions.MaxMessagesPerVisit), Good with { MaxMessagesPerVisit = 51 }),
        (nameof(RingOptions.MaxWindowSize), Good with { MaxWindowSize = -1 }),
        (nameof(RingOptions.AcceleratedWindowBesideDaemons), Good with { AcceleratedWindowBesideDaemons = -1 }),
        (nameof(RingOptions.AcceleratedWindow), Good with { AcceleratedWindow = -1 }),
        (nameof(RingOptions.NetMtu), Good with { NetMtu = 575 }),
        (nameof(RingOptions.ReceiveWindow), Good with { ReceiveWindow = 1000 }),
        (nameof(RingOptions.MaxReceiveWindowBytes), Good with { MaxReceiveWindowBytes = 1000 }),
        (nameof(RingOptions.MaxSendQueueBytes), Good with { MaxSendQueueBytes = 1 << 20 }),
        (nameof(RingOptions.MaxSendQueueMessages), Good with { MaxSendQueueMessages = 0 }),
    ];

    public static TheoryData<string> Names => [.. Wrong.Select(x => x.Name)];

    [Fact]
    public void The_defaults_can_be_used() => Assert.Empty(Good.Validate());

    [Theory]
    [MemberData(nameof(Names))]
    public void A_wrong_number_is_named_with_what_was_expected(string name)
    {
        var problem = Assert.Single(Wrong.Single(x => x.Name == name).Options.Validate());
        Assert.StartsWith(name + " ", problem, StringComparison.Ordinal);
        var error = Assert.Throws<ArgumentException>(
            () => new RingProcessor(Wrong.Single(x => x.Name == name).Options, 0));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        var problems = (Good with { Self = ProcessorId.None, NetMtu = 1, IdleVisitsBeforeHold = 0,
            MaxSendQueueMessages = -1 }).Validate();
        Assert.Equal(4, problems.Count);
    }

    [Theory] // WIRE §7
    [InlineData(1, 3000, 714, 561, 3600)]
    [InlineData(2, 3000, 714, 561, 3600)]
    [InlineData(3, 3650, 869, 685, 4380)]
    [InlineData(4, 4300, 1023, 808, 5160)]
    [InlineData(5, 4950, 1178, 932, 5940)]
    [InlineData(8, 6900, 1642, 1303, 8280)]
    public void Timeouts_for_a_number_of_nodes_are_those_of_corosync(
        int nodes, int token, int retransmit, int hold, int consensus)
    {
        var options = RingOptions.ForNodes(new ProcessorId(1), nodes);
        Assert.Equal(
            (token, retransmit, hold, consensus),
            ((int)options.TokenTimeout.TotalMilliseconds, (int)options.TokenRetransmit.TotalMilliseconds,
                (int)options.TokenHold.TotalMilliseconds, (int)options.ConsensusTimeout.TotalMilliseconds));
        Assert.Empty(options.Validate());
    }
}
