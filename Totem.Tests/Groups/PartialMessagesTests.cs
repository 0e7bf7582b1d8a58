using Totem.Core.Groups;

namespace Totem.Tests.Groups;

/// <summary>Messages in parts: what is refused follows from what was sent alone, and announcements
/// cost nothing.</summary>
public sealed class PartialMessagesTests
{
    private static readonly GroupOptions Options = new() { MaxWholeBytes = 4 << 20, MaxWaitingPartsBytes = 8 << 20 };

    private readonly PartialMessages _parts = new(Options);
    private readonly Group _group = new(new GroupName("g"), 1);

    [Fact]
    public void Announcements_without_bytes_keep_nobody_out()
    {
        for (var pid = 1u; pid <= 100; pid++)
            Assert.True(Add(1, pid, MessagePart.First, 4 << 20, 0, out _));
        Assert.True(Add(2, 1, MessagePart.First, 2, 1, out _));
        Assert.True(Add(2, 1, MessagePart.Last, 2, 1, out var whole));
        Assert.Equal(2, whole!.Length);
    }

    [Fact]
    public void A_node_has_its_own_limit_and_others_are_not_touched()
    {
        for (var pid = 1u; pid <= 2; pid++)
            Assert.True(Add(1, pid, MessagePart.First, 4 << 20, (4 << 20) - 1, out _));
        Assert.True(Add(1, 3, MessagePart.First, 4 << 20, 2, out _));
        Assert.False(Add(1, 3, MessagePart.Middle, 4 << 20, 1, out _));
        Assert.True(Add(2, 1, MessagePart.First, 4 << 20, 1 << 20, out _));
        // The end of one makes room again.
        Assert.True(Add(1, 1, MessagePart.Last, 4 << 20, 1, out var whole));
        Assert.Equal(4 << 20, whole!.Length);
        Assert.True(Add(1, 4, MessagePart.First, 2 << 20, 1 << 20, out _));
    }

    [Fact]
    public void A_process_that_was_not_there_for_a_part_gets_nothing_and_counts_as_much()
    {
        Assert.True(Add(1, 1, MessagePart.First, 3, 1, out _));
        Assert.True(Add(1, 1, MessagePart.Middle, 3, 1, out _, isKept: false));
        Assert.True(Add(1, 1, MessagePart.Last, 3, 1, out var whole));
        Assert.Null(whole);
    }

    [Fact]
    public void Parts_that_do_not_fit_together_are_refused()
    {
        Assert.False(Add(1, 1, MessagePart.First, (4 << 20) + 1, 1, out _));
        Assert.True(Add(1, 1, MessagePart.First, 3, 1, out _));
        Assert.False(Add(1, 1, MessagePart.Middle, 4, 1, out _));
        Assert.True(Add(1, 1, MessagePart.First, 3, 1, out _));
        Assert.False(Add(1, 1, MessagePart.Last, 3, 3, out _));
        Assert.True(Add(1, 1, MessagePart.First, 3, 1, out _));
        Assert.False(Add(1, 1, MessagePart.Last, 3, 1, out var whole));
        Assert.Null(whole);
    }

    private bool Add(
        uint node, uint pid, MessagePart part, uint whole, int bytes, out byte[]? message, bool isKept = true) =>
        _parts.TryAdd(
            _group, new GroupMember(new ProcessorId(node), pid), part, whole, new byte[bytes], isKept, out message);
}
