using Totem.Core.Evs;
using Totem.Core.Groups;
using Totem.Core.Model;
using Totem.Transport.Udp;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>Calls that are wrong are refused, and the answer says what was expected.</summary>
public sealed class MisuseTests : IDisposable
{
    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    private readonly TemporaryDirectory _state = new();
    private readonly int _port = Ports.TakeBase();

    public void Dispose() => _state.Dispose();

    [Fact]
    public async Task Arguments_that_cannot_be_meant_are_refused()
    {
        await using var node = await TotemNode.StartAsync(Options());
        await Assert.ThrowsAsync<TaskCanceledException>(() => node.JoinAsync("group", null, new CancellationToken(canceled: true)));
        await Assert.ThrowsAsync<TaskCanceledException>(() => node.BeginJoinAsync("group", null, new CancellationToken(canceled: true)));
        Assert.Equal("guarantee", (await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => node.MulticastAsync(new byte[1], (Guarantee)77).AsTask())).ParamName);
        Assert.Equal("guarantee", Assert.Throws<ArgumentOutOfRangeException>(() => node.TryMulticast([1], (Guarantee)77)).ParamName);
        Assert.Equal("payload", (await Assert.ThrowsAsync<ArgumentException>(() => node.MulticastAsync(new byte[2 << 20]).AsTask())).ParamName);
        Assert.Equal("payload", Assert.Throws<ArgumentException>(() => node.TryMulticast(new byte[2 << 20])).ParamName);
        foreach (var count in new[] { -1, 0, 15 })
            Assert.Equal("count", (await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => node.WaitForMembersAsync(count))).ParamName);
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_no_name()
    {
        foreach (var name in new[] { "\ud800", "a\udc00b" })
            Assert.Equal("text", Assert.Throws<ArgumentException>(() => new GroupName(name)).ParamName);
    }

    [Fact]
    public async Task A_group_that_was_left_is_named()
    {
        await using var node = await TotemNode.StartAsync(Options());
        var group = await node.JoinAsync("gone").WaitAsync(Limit);
        await group.DisposeAsync();
        var failure = await Assert.ThrowsAsync<ObjectDisposedException>(() => group.MulticastAsync(new byte[1]).AsTask());
        Assert.StartsWith("this process leaves or has left the group gone", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rings_thread_does_not_wait_for_itself()
    {
        TotemNode? node = null;
        var refused = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        node = await TotemNode.StartAsync(Options() with { OnDelivery = OnDelivery });
        await node.MulticastAsync(new byte[1]);
        Assert.Contains("on another thread", Assert.IsType<InvalidOperationException>(await refused.Task.WaitAsync(Limit)).Message, StringComparison.Ordinal);
        await node.DisposeAsync();

        void OnDelivery(in Delivery delivery)
        {
            if (delivery.Change is not null)
                return;
            try
            {
#pragma warning disable VSTHRD002 // That is the mistake.
                node!.DisposeAsync().AsTask().GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
            }
#pragma warning disable CA1031 // Whatever it is, the test looks at it.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                refused.TrySetResult(failure);
            }
        }
    }

    private TotemNodeOptions Options() => TotemNodeOptions.Loopback(_port, stateDirectory: _state.Path, name: "misuse");
}
