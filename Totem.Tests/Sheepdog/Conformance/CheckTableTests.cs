using System.Globalization;
using System.Reflection;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>Every check of the contract and every fault of the drivers before ours has a test that names it, or a reason why not.</summary>
public sealed class CheckTableTests
{
    private static readonly Dictionary<string, string> Without = new(StringComparer.Ordinal)
    {
        ["A15"] = "sheepdog's own functional tests need sheepdog's sources, which are not here; minisheep stands in for the daemon",
        ["F-27"] = "a megabyte of stack for each event: there are no such buffers, and a managed stack cannot be taken so",
        ["F-33"] = "two loggers that share a semaphore: not a driver's, and ours share nothing but what the option names",
    };

    private static IEnumerable<string> Numbers =>
        Enumerable.Range(1, 16).Select(x => $"A{x.ToString(CultureInfo.InvariantCulture)}")
            .Concat(Enumerable.Range(1, 33).Select(x => $"F-{x.ToString(CultureInfo.InvariantCulture)}"));

    [Fact]
    public void Each_number_has_a_test_or_a_reason()
    {
        var tested = Tested();
        Assert.DoesNotContain(Numbers, x => !tested.Contains(x) && !Without.ContainsKey(x));
        Assert.DoesNotContain(Without.Keys, tested.Contains);
        Assert.Empty(tested.Except(Numbers));
    }

    private static HashSet<string> Tested() =>
    [
        .. typeof(CheckTableTests).Assembly.GetTypes()
            .SelectMany(x => x.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(x => x.GetCustomAttribute<FactAttribute>() is not null)
            .SelectMany(x => x.GetCustomAttribute<CheckAttribute>()?.Numbers ?? []),
    ];
}
