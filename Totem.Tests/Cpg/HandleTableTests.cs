using Totem.Platform.Programs;

namespace Totem.Tests.Cpg;

public sealed class HandleTableTests
{
    [Fact]
    public void A_handle_is_found_until_it_is_removed_and_never_again()
    {
        var table = new HandleTable<string>();
        var handle = 0UL;
        Assert.Equal("a", table.Add(value =>
        {
            handle = value;
            return "a";
        }));
        Assert.Equal("a", table.Find(handle));
        Assert.Equal("a", table.Remove(handle));
        Assert.Null(table.Find(handle));
        Assert.Null(table.Remove(handle));
    }

    [Fact]
    public void A_handle_with_the_right_index_and_other_random_bits_is_none()
    {
        var table = new HandleTable<string>();
        var handle = 0UL;
        table.Add(value =>
        {
            handle = value;
            return "a";
        });
        Assert.NotEqual(0UL, handle);
        Assert.NotEqual(0UL, handle >> 32);
        Assert.Null(table.Find(handle & uint.MaxValue));
        Assert.Null(table.Find(handle ^ (1UL << 40)));
    }

    [Fact]
    public void Handles_of_an_owner_go_together()
    {
        var table = new HandleTable<string>();
        foreach (var value in (string[])["a", "b", "a"])
            table.Add(_ => value);
        table.RemoveWhere(value => value == "a");
        Assert.Equal(1, table.Count);
    }
}
