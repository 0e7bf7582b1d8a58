using Totem.Accord.Tests.Model;
using Totem.Accord.Wire;

namespace Totem.Accord.Tests.Machine;

/// <summary>Conductors on a total order without faults, step by step.</summary>
public sealed class ConductorTests
{
    [Fact]
    public void A_conductor_that_comes_later_has_everything_and_votes()
    {
        var group = new ModelGroup(1, votersWanted: 2);
        Assert.False(group[0].Machine.IsServing);
        group.Join(2, votersWanted: 2);
        var client = group[0].Connect(group.Now);
        for (var i = 0; i < 500; i++)
            client.Send(TestRequest.Write($"/{i}", new byte[i]), group.Now);
        group.Settle();
        var third = group.Join(3, votersWanted: 2);
        Assert.True(third.Machine.IsServing);
        Assert.Equal(group[0].Machine.State.Digest(), third.Machine.State.Digest());
        Assert.Equal(2, third.Machine.State.Voters.Count);
        Assert.Equal(500, third.Machine.State.Store.Count);
        Assert.Null(group[0].Machine.Offer(group[0].Machine.State.Component));
    }

    [Fact]
    public void One_end_of_a_conductor_is_one_leave_for_each_of_its_clients()
    {
        var group = new ModelGroup(3, votersWanted: 3);
        var watcher = group[0].Connect(group.Now);
        var gone = group[2].Connect(group.Now);
        group[2].Connect(group.Now);
        group.Settle();
        group.Pass(TimeSpan.FromMilliseconds(6));
        watcher.Take();
        group.Kill(group[2]);
        var notices = watcher.Take();
        Assert.Equal(2, notices.Count);
        Assert.All(notices, x => Assert.Equal(2, x[21]));
        Assert.Equal(gone.Seat.Id, BitConverter.ToUInt64(notices[0], 36));
        Assert.Equal([watcher.Seat.Id!.Value], group[0].Machine.State.Clients);
    }

    [Fact]
    public void A_minority_answers_again_and_reads_only_where_that_is_wanted()
    {
        var group = new ModelGroup(3, votersWanted: 3);
        var client = group[0].Connect(group.Now);
        client.Send(TestRequest.Write("/a", "x"u8), group.Now);
        group.Settle();
        group.Kill(group[2]);
        client.Take();
        group.Kill(group[1]);
        foreach (var request in (byte[][])[TestRequest.Write("/a", "y"u8), TestRequest.Read("/a"),
            TestRequest.Of(Opcode.AddWatch, 1, 0, 0, 0, TestRequest.Path("/a"), TestRequest.Number(255))])
            client.Send(request, group.Now);
        client.Send(TestRequest.Of((Opcode)42, 1, 0, 0, 0), group.Now);
        group.Settle();
        Assert.Equal(
            [ResultCode.Again, ResultCode.Again, ResultCode.Again, ResultCode.Message],
            client.Take().Where(x => x[1] == 1).Select(x => (ResultCode)BitConverter.ToInt32(x, 20)));
    }

    [Fact]
    public void There_are_so_many_clients_of_the_old_dialect_and_no_more()
    {
        var group = new ModelGroup(2);
        for (var i = 0; i < AccordLimits.OldClientsMax; i++)
            group[i % 2].Connect(group.Now);
        group.Settle();
        var refused = group[1].Connect(group.Now);
        group.Settle();
        Assert.NotNull(refused.Closed);
        group[0].Clients[0].Close(group.Now);
        group.Settle();
        var next = group[1].Connect(group.Now);
        group.Settle();
        Assert.Null(next.Closed);
        Assert.Equal(AccordLimits.OldClientsMax, group[0].Machine.State.Clients.Count);
        Assert.Equal(AccordLimits.OldClientsMax, group[0].Machine.State.Clients.Distinct().Count());
    }

    [Fact]
    public void Conductors_compare_their_states_and_the_one_that_differs_says_so()
    {
        var group = new ModelGroup(3, votersWanted: 3);
        var client = group[0].Connect(group.Now);
        group.Settle();
        void Write(int count)
        {
            for (var i = 0; i < count; i++)
            {
                client.Send(TestRequest.Write("/a", "12345678"u8), group.Now);
                if (i % 1000 == 0)
                    group.Settle();
            }

            group.Settle();
        }

        Write(70_000);
        Assert.All(group.All, x => Assert.False(x.Machine.HasFailed));
        group[1].Machine.State.Store.Set(TestRequest.Path("/flipped"), Totem.Accord.Store.StoredValue.Empty);
        Write(70_000);
        Assert.Equal([false, true, false], group.All.Select(x => x.Machine.HasFailed));
    }

    [Fact]
    public void A_request_that_comes_in_parts_is_one()
    {
        var group = new ModelGroup(2);
        var client = group[1].Connect(group.Now);
        var value = new byte[3 * 512 * 1024 + 5];
        value[^1] = 7;
        client.Send(TestRequest.Write("/before", "x"u8, id: 1), group.Now);
        client.Send(TestRequest.Write("/long", value, id: 2), group.Now);
        client.Send(TestRequest.Delete("/before", id: 3), group.Now);
        client.Send(TestRequest.Read("/long", 1, (ulong)value.Length - 1, id: 4), group.Now);
        group.Settle();
        var answers = client.Take().Where(x => x[1] == 1).ToList();
        Assert.Equal([1u, 2, 3, 4], answers.Select(x => BitConverter.ToUInt32(x, 16)));
        Assert.All(answers, x => Assert.Equal(0, BitConverter.ToInt32(x, 20)));
        Assert.Equal(7, answers[^1][^1]);
        Assert.Equal(group[0].Machine.State.Digest(), group[1].Machine.State.Digest());
    }
}
