using Totem.Cpg;
using Totem.Cpg.Ring;
using Totem.Cpg.Sessions;
using Totem.Tests.Requirements;

namespace Totem.Tests.Cpg;

/// <summary>A handle of libcpg on a ring that does what the test says.</summary>
public sealed class CpgSessionTests : IDisposable
{
    private readonly AloneRing _ring = new();
    private readonly RecordingReceiver _heard = new();
    private readonly List<CpgSession> _sessions = [];

    public void Dispose()
    {
        _sessions.ForEach(session => session.Dispose());
        _ring.Dispose();
    }

    [LinuxFact]
    public void The_descriptor_is_readable_exactly_while_an_event_waits()
    {
        var session = Joined();
        Assert.False(IsReadable(session));
        Send(session, "a");
        Send(session, "b");
        Assert.True(IsReadable(session));
        Assert.Equal(CsError.Ok, TakeOne(session));
        Assert.True(IsReadable(session));
        Assert.Equal(CsError.Ok, TakeOne(session));
        Assert.False(IsReadable(session));
    }

    [LinuxFact]
    public void The_own_join_is_the_first_event_and_messages_keep_their_order()
    {
        var session = Session();
        Assert.Equal(CsError.Ok, session.Join("g"u8));
        Assert.Equal(CsError.Ok, session.Multicast("early"u8, CpgGuarantee.Agreed));
        _ring.RunPending();
        TakeAll(session);
        Assert.Equal(["members [1/10] left [] joined [1/10:Join]", "1/10: early"], _heard.Lines);
    }

    [LinuxFact]
    public void All_takes_what_arrives_meanwhile()
    {
        var session = Joined();
        var left = 3;
        _heard.Within = () =>
        {
            if (left-- > 0)
                Send(session, "more");
        };
        Send(session, "first");
        TakeAll(session);
        Assert.Equal(4, _heard.Lines.Count);
    }

    [LinuxFact]
    public void A_handle_is_for_one_group_ever()
    {
        var session = Joined();
        Assert.Equal(CsError.Exist, session.Join("g"u8));
        Assert.Equal(CsError.Exist, session.Join("other"u8));
        Assert.Equal(CsError.NotExist, session.Leave("other"u8));
        Assert.Equal(CsError.Ok, session.Leave("g"u8));
        Assert.Equal(CsError.NotExist, session.Leave("g"u8));
        Assert.Equal(CsError.Exist, session.Join("g"u8));
        Assert.Equal(CsError.Exist, session.Join("other"u8));
    }

    [LinuxFact]
    public void A_process_joins_a_group_once_and_again_when_its_leave_is_told()
    {
        var first = Joined();
        var second = Session();
        Assert.Equal(CsError.Exist, second.Join("g"u8));
        first.Leave("g"u8);
        Assert.Equal(CsError.TryAgain, second.Join("g"u8));
        _ring.RunPending();
        Assert.Equal(CsError.Ok, second.Join("g"u8));
    }

    [LinuxFact]
    public void A_process_that_left_goes_on_hearing_of_the_group()
    {
        var leaver = Joined();
        var stays = Session(pid: 11);
        stays.Join("g"u8);
        leaver.Leave("g"u8);
        _ring.RunPending();
        Send(stays, "later");
        TakeAll(leaver);
        Assert.Equal(
            [
                "members [1/10 1/11] left [] joined [1/11:Join]",
                "members [1/11] left [1/10:Leave] joined []",
                "1/11: later",
            ],
            _heard.Lines);
    }

    [LinuxFact]
    public void Finalising_without_leaving_is_the_end_of_the_process_for_the_others()
    {
        var other = Session(pid: 11);
        other.Join("g"u8);
        var session = Joined();
        session.Finish();
        _ring.RunPending();
        _heard.Lines.Clear();
        TakeAll(other);
        Assert.Equal("members [1/11] left [1/10:ProcessDown] joined []", _heard.Lines[^1]);
    }

    [LinuxFact]
    public void Without_a_membership_small_messages_are_dropped_and_large_ones_refused()
    {
        var session = Session();
        Assert.Equal(CsError.Ok, session.Multicast("x"u8, CpgGuarantee.Agreed));
        Assert.Equal(
            CsError.NotExist, session.Multicast(new byte[CpgLimits.AtomicMessageBytesMax + 1], CpgGuarantee.Agreed));
        Assert.Equal(CsError.NotExist, session.MulticastBuffer("x"u8, CpgGuarantee.Agreed));
        Assert.Equal(CsError.TooBig, session.MulticastBuffer(new byte[(1 << 20) + 1], CpgGuarantee.Agreed));
        Assert.Equal(CsError.TooBig, session.Multicast(new byte[CpgLimits.MaxMessageBytes + 1], CpgGuarantee.Agreed));
    }

    [LinuxFact]
    public void Load_and_synchronisation_are_try_again()
    {
        var session = Joined();
        _ring.NextSend = SendResult.Backpressured;
        Assert.Equal(CsError.TryAgain, session.Multicast("x"u8, CpgGuarantee.Agreed));
        _ring.NextSend = SendResult.Accepted;
        _ring.IsReady = false;
        Assert.Equal(CsError.TryAgain, session.Multicast("x"u8, CpgGuarantee.Agreed));
        Assert.Equal(CsError.TryAgain, Session(pid: 11).Join("g"u8));
        _ring.IsReady = true;
        _ring.NextSend = SendResult.Interrupted;
        Assert.Equal(
            CsError.Interrupt, session.Multicast(new byte[CpgLimits.AtomicMessageBytesMax + 1], CpgGuarantee.Agreed));
    }

    [LinuxFact]
    public void The_empty_name_is_no_group() => Assert.Equal(CsError.InvalidParameter, Session().Join([]));

    [LinuxFact]
    public void The_ring_is_told_behind_the_own_join_when_asked_for()
    {
        var session = Session(wantsInitialRing: true);
        session.Join("g"u8);
        _ring.RunPending();
        _ring.InstallRing(new CpgRingView(new CpgRingId(1, 8), [1, 2]));
        _ring.RunPending();
        TakeAll(session);
        Assert.Equal(["members [1/10] left [] joined [1/10:Join]", "ring 1:4 of 1", "ring 1:8 of 1,2"], _heard.Lines);
    }

    [LinuxFact]
    public void Every_handle_hears_of_a_ring_joined_or_not()
    {
        var session = Session();
        _ring.InstallRing(new CpgRingView(new CpgRingId(1, 8), [1, 2]));
        _ring.RunPending();
        TakeAll(session);
        Assert.Equal(["ring 1:8 of 1,2"], _heard.Lines);
    }

    [LinuxFact]
    public void A_failed_ring_is_a_library_error_everywhere_and_a_hung_up_descriptor()
    {
        var session = Joined();
        Send(session, "lost");
        _ring.Fail("test");
        Assert.True(IsReadable(session));
        Assert.Equal(CsError.Library, TakeOne(session));
        Assert.Equal(CsError.Library, session.Multicast("x"u8, CpgGuarantee.Agreed));
        Assert.Equal(CsError.Library, session.Leave("g"u8));
        Assert.Equal(CsError.Library, session.LocalNode(out _));
        Assert.Equal(CsError.Library, session.Members("g"u8, out _));
        Assert.Equal(CsError.Library, session.Finish());
    }

    [LinuxFact]
    public void A_full_handle_holds_the_ring_back_and_lets_it_go_on_when_half_is_read()
    {
        var session = Session(waitingBytesMax: 1000);
        session.Join("g"u8);
        _ring.RunPending();
        for (var i = 0; i < 9; i++)
            Send(session, new string('x', 100));
        Assert.False(((ICpgGroupSink)session).HasRoom);
        Assert.Equal(0, _ring.ResumeCount);
        TakeAll(session);
        Assert.Equal(1, _ring.ResumeCount);
        Assert.True(((ICpgGroupSink)session).HasRoom);
        // The join, and no message lost.
        Assert.Equal(10, _heard.Lines.Count);
    }

    [LinuxFact]
    public void A_change_counts_with_everybody_it_lists()
    {
        var session = Session(waitingBytesMax: 4000);
        session.Join("g"u8);
        _ring.RunPending();
        ICpgGroupSink sink = session;
        var members = new CpgAddress[100];
        sink.OnChange(members, [], members.AsSpan(..1));
        Assert.True(sink.HasRoom);
        sink.OnChange(members, members, members);
        Assert.False(sink.HasRoom);
    }

    [LinuxFact]
    public void A_ring_counts_with_its_members()
    {
        var session = Session(waitingBytesMax: 1000);
        ((ICpgRingSink)session).OnRing(new CpgRingView(new CpgRingId(1, 8), new uint[100]));
        Assert.False(((ICpgGroupSink)session).HasRoom);
    }

    [LinuxFact]
    public void A_large_message_waits_until_a_full_handle_is_read()
    {
        var large = new byte[CpgLimits.AtomicMessageBytesMax + 1];
        var session = Session(waitingBytesMax: large.Length);
        session.Join("g"u8);
        _ring.RunPending();
        Assert.Equal(CsError.Ok, session.Multicast(large, CpgGuarantee.Agreed));
        _ring.RunPending();
        Assert.Equal(CsError.TryAgain, session.Multicast(large, CpgGuarantee.Agreed));
        Assert.Equal(CsError.Ok, session.Multicast("small"u8, CpgGuarantee.Agreed));
        TakeAll(session);
        Assert.Equal(CsError.Ok, session.Multicast(large, CpgGuarantee.Agreed));
    }

    [LinuxFact]
    public void A_finalised_handle_takes_its_buffers_along()
    {
        var handle = new CpgHandle(1, Session(), default);
        var freed = handle.Allocate(100);
        Assert.True(handle.TryFree(freed));
        Assert.False(handle.TryFree(freed));
        Assert.NotEqual(0, handle.Allocate(0));
        Assert.Equal(1, handle.BufferCount);
        Assert.Equal(CsError.Ok, handle.Finish());
        Assert.Equal(0, handle.BufferCount);
        Assert.Equal(0, handle.Allocate(1));
    }

    [LinuxFact]
    public void Iteration_walks_a_copy_the_newest_group_first_and_then_again()
    {
        Joined();
        var session = Session();
        session.Join("h"u8);
        _ring.RunPending();
        session.Iterate(7, CpgIterationType.All, [], out var all);
        session.Leave("h"u8);
        _ring.RunPending();
        Assert.Equal(7UL, all.Owner);
        Assert.Equal((byte)'h', First(all));
        Assert.Equal((byte)'g', First(all));
        Assert.Equal(CsError.NoSections, all.Next(out _));
        Assert.Equal((byte)'h', First(all));
        session.Iterate(7, CpgIterationType.NameOnly, [], out var names);
        Assert.Equal(CsError.Ok, names.Next(out var description));
        Assert.Equal((0u, 0u), (description.Node, description.Pid));
        session.Iterate(7, CpgIterationType.OneGroup, "h"u8, out var none);
        Assert.Equal(CsError.NoSections, none.Next(out _));

        static byte First(CpgIteration iteration)
        {
            Assert.Equal(CsError.Ok, iteration.Next(out var description));
            return ((ReadOnlySpan<byte>)description.Group.Value)[0];
        }
    }

    private CsError TakeOne(CpgSession session)
    {
        var receiver = _heard;
        return session.Take(ref receiver);
    }

    private void TakeAll(CpgSession session)
    {
        CsError result;
        while ((result = TakeOne(session)) == CsError.Ok)
        {
        }

        Assert.Equal(CsError.TryAgain, result);
    }

    private static bool IsReadable(CpgSession session) => Descriptors.IsReadable(session.Descriptor);

    private CpgSession Session(
        uint pid = 10, bool wantsInitialRing = false, long waitingBytesMax = CpgLimits.MaxWaitingBytes)
    {
        var settings =
            new CpgSessionSettings(pid, TimeSpan.Zero, wantsInitialRing) { MaxWaitingBytes = waitingBytesMax };
        var session = new CpgSession(_ring, settings);
        _sessions.Add(session);
        return session;
    }

    /// <summary>In group g, with nothing waiting.</summary>
    private CpgSession Joined()
    {
        var session = Session();
        Assert.Equal(CsError.Ok, session.Join("g"u8));
        _ring.RunPending();
        TakeAll(session);
        _heard.Lines.Clear();
        return session;
    }

    private void Send(CpgSession session, string text)
    {
        Assert.Equal(CsError.Ok, session.Multicast(System.Text.Encoding.UTF8.GetBytes(text), CpgGuarantee.Agreed));
        _ring.RunPending();
    }
}
